//go:build race

package kubernetes_test

// stride is how much is left out under the race detector, which is there for what runs beside each other and not
// for each case: of moments to abort at, of troubles and of rights, every other one is tried, and each trouble by one kind of traffic at least.
const stride = 2
