// Package gate (PURE) decides whether a release may go on: a Gate looks at evidence and answers
// pass, fail, continue or inconclusive. Nothing but a pass lets a release pass.
package gate
