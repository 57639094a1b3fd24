// Package house (PURE) holds the rules of this repository as tests; it exports nothing.
//
// Each rule is a function over the sources that returns what breaks it. Its test has two halves: the
// repository must keep the rule, and a few small bad sources must be rejected by it.
//
//	bands_test.go     which package may import which, and the first line that says so
//	purity_test.go    what a PURE package may not do
//	manners_test.go   what no library package does: print, exit, keep global state
//	modules_test.go   what an importer of this module gets along with it
//	layout_test.go    the names and sizes of folders, files and functions
//	api_test.go       the exported API, listed in testdata/api.txt
//	docs_test.go      examples, assertions, and what the README tells people to run
//
// An exception to a rule stands beside the rule, with its reason.
package house
