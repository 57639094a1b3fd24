// Package keys (PURE) finds keys that are twice in one object of a JSON text: package encoding/json takes the last of them, and loses what
// the others said.
package keys
