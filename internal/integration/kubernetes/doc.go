// Package kubernetes (SHELL) has the tests of strategy/kubernetes against a real control plane, whose pods are
// real processes that answer real HTTP. There is nothing in it to import.
//
// One cluster serves all tests, each in a namespace of its own. It is the program in ../kubed, which the tests
// build, or the one that the environment variable DAVIT_KUBED names.
package kubernetes
