package markdown_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// A report of package metrics/dora/report has headings, paragraphs, code and tables whose rows are all of one length, whatever services
// are called; its only HTML is the mark of code.
func TestDeliveryReports(t *testing.T) {
	files, err := filepath.Glob("../../../metrics/dora/report/testdata/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	inert := map[ast.NodeKind]bool{
		ast.KindDocument: true, ast.KindHeading: true, ast.KindParagraph: true, ast.KindTextBlock: true, ast.KindText: true, ast.KindString: true, ast.KindCodeSpan: true,
		tables.KindTable: true, tables.KindTableHeader: true, tables.KindTableRow: true, tables.KindTableCell: true,
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		rows := 0
		err = ast.Walk(parser.Parse(text.NewReader(raw)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			switch kind := n.Kind(); {
			case !entering:
			case kind == ast.KindRawHTML:
				segments := n.(*ast.RawHTML).Segments
				assert.Contains(t, []string{"<code>", "</code>"}, string(segments.Value(raw)), name)
			case kind == tables.KindTableRow:
				rows++
				assert.Equal(t, n.Parent().FirstChild().ChildCount(), n.ChildCount(), name)
			default:
				assert.True(t, inert[kind], "%s: %s", name, kind)
			}
			return ast.WalkContinue, nil
		})
		require.NoError(t, err)
		assert.Greater(t, rows, 5, name)
	}
}
