// Package markdown (PURE) proves with a Markdown parser what package changelog promises of its texts.
package markdown
