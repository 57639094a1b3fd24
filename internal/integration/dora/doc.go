// Package dora (SHELL) asks a PostgreSQL server what package metrics/dora answers: the answers must be the same, and the package
// many times as fast. There is nothing in it to import.
package dora
