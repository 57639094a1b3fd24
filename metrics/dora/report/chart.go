package report

import "fmt"

// A chart is a picture with the numbers that it is made of.
type chart struct {
	ID, Title, Desc string // the last one is for those who cannot see it
	Caption         []key
	Width, Height   px
	Left, Right     px // where its plot begins and ends
	Rows, Columns   []tick
	Base            px // the line that columns are told below
	Marks           []mark
	Labels          []text
	Numbers         table
}

// A key says what a sign means.
type key struct{ Class, Text string }

// A mark is one thing to look at, with what is said of it when it is pointed at.
type mark struct {
	Says  string
	Bars  []bar
	Dots  []dot
	Lines []line
}

type bar struct {
	X, Y, W, H px
	Class      string
}

type dot struct {
	X, Y, R px
	Class   string
}

type line struct {
	X1, Y1, X2, Y2 px
	Class          string
}

type text struct {
	X, Y          px
	Class, Anchor string
	Text          string
}

const (
	chartWidth px = 1000
	plotLeft   px = 68
	plotRight  px = 978
)

func newChart(id, title, desc string, height px) *chart {
	return &chart{ID: id, Title: title, Desc: desc, Width: chartWidth, Height: height, Left: plotLeft, Right: plotRight}
}

// upright is a bar from a base up to a value.
func upright(x, width, base, top px, class string) bar {
	return bar{X: x, Y: top, W: width, H: max(base-top, 0), Class: class}
}

// strip draws how many there are below a plot, each as a part of the most.
func strip(c *chart, top, height px, columns []span, ns []int) {
	most := 1
	for _, n := range ns {
		most = max(most, n)
	}
	for i, n := range ns {
		if n == 0 {
			continue
		}
		h := max(px(float64(height)*float64(n)/float64(most)), 1)
		c.Marks[i].Bars = append(c.Marks[i].Bars, bar{columns[i].x, top + height - h, columns[i].w, h, "n"})
	}
	c.Labels = append(c.Labels, text{c.Left - 8, top + height - 1, "tick", "end", fmt.Sprintf("n ≤ %d", most)})
}

// span is where a week is in a picture.
type span struct{ x, w px }
