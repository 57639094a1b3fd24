// Package davit is the tour of Davit, a library for embedding release pipelines.
package davit
