// Package house (PURE) holds the rules of this repository as tests; it exports nothing.
package house
