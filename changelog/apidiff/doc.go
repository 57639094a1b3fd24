// Package apidiff (SHELL) holds a declared release level against the real difference of a Go module's API, so
// that no "fix:" removes a function.
//
// [Compare] loads a Go module twice, as it was released and as it is to be released, and compares everything that others can
// import. [Rule.Judge] says whether a decision of package changelog declares enough, and [Gate] does both as a
// gate of package metrics/gate:
//
//	gate := apidiff.Gate{Options: apidiff.Options{New: apidiff.Tree{Dir: "."}}, Decision: plan.Components[0]}
//	verdict, err := gate.Check(ctx, subject)
//
// It is a module of its own, since it needs golang.org/x/exp/apidiff and golang.org/x/tools. It runs go, and git where
// it is given revisions. Nothing of the module that is compared is run, unless go runs it to build: cgo does.
//
// # What is compared
//
// All packages of the module but internal ones, programs (package main), tests, testdata, and nested modules. The types of
// internal packages count as far as the API lets them be seen, by an alias, a result or a field. Build constraints are those of each
// [Target].
//
// What is compatible is up to golang.org/x/exp/apidiff: what lets the code of users compile on, but for unkeyed
// struct literals, embedding, and the like. Three things that it leaves out are incompatible, too: other type
// parameters of a function, another set of types in a constraint, and another path of the module.
//
// # Which level a difference demands
//
//	incompatible changes, removed packages   major
//	additions                                minor
//	no difference                            none: whether it is a patch only the commits know
//
// Below 1.0.0 it is up to [changelog.Zero], as in a decision. What a decision declares is the step from its previous
// version to the next one; none, where nothing is to be released. A level above the demanded one passes and is told: behaviour may
// break where the API does not.
//
// # Errors
//
// Whatever cannot be loaded is an error, and never a pass: there is no go ([ErrNoGo]), for a revision no git (ErrNoGit of package
// changelog/git), no module ([ErrNoModule]), no such revision
// ([ErrNoRevision]), a package does not build ([BuildError]), on either side. Nothing is downloaded but what go itself
// downloads for the module's dependencies; with GOPROXY=off it does not.
//
// # What it cannot see
//
// Behaviour; the values of variables; types of other modules, whose name and import path are compared and nothing else. A type that has moved to an
// internal package, with an alias left behind, counts as changed. Where the module's path changes (/v2), types
// of its other packages count as changed, which makes no difference to the level.
//
// # Concurrency
//
// Compare and Gate hold no state, and are safe for concurrent use. A revision is written to a folder of its own for
// temporary files, which is removed before they return. A folder that is given is only read.
package apidiff
