//go:build race

package kubernetes_test

// stride is how much is left out under the race detector, which is there for what runs beside each other and not
// for each case: of moments to abort at, of troubles and of rights, each stride-th is tried.
const stride = 4
