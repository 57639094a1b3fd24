// Package integration (SHELL) has the tests that need more than the root module may: real databases with
// their drivers, and processes that are stopped and killed. There is nothing in it to import.
package integration
