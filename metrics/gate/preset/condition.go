package preset

import (
	"fmt"
	"math"
	"strconv"
)

// measured is what a condition is about: a number, or that there is none.
type measured struct {
	value float64
	none  bool
	asked bool // a condition has asked for the number that there is not
}

// number is the number; of one that there is not the condition is an error, as with the tool.
func (m *measured) number() float64 {
	if m.none {
		m.asked = true
		return math.NaN()
	}
	return m.value
}

// condition is a parsed expression over a measurement.
type condition func(x *measured) bool

// maxCondition is how long a condition may be, so that no text nests too deeply.
const maxCondition = 1000

// parseCondition parses the conditions that people write for a single number: comparisons of `result`
// or `result[0]` with numbers, arithmetic, isNaN(result), isInf(result), and && || ! (and or not).
func parseCondition(text string) (condition, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("%d characters are too many for a condition", len(text))
	}
	p := &conditionParser{tokens: conditionTokens(text)}
	c := p.or()
	if p.err == nil && p.peek() != "" {
		p.fail("an operator")
	}
	if p.err != nil {
		return nil, fmt.Errorf("condition %q: %w", text, p.err)
	}
	return c, nil
}

// conditionParser goes down the grammar; its first error stays.
type conditionParser struct {
	tokens []string
	err    error
}

func (p *conditionParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// accept takes the next token if it is one of these.
func (p *conditionParser) accept(any ...string) string {
	next := p.peek()
	for _, a := range any {
		if next == a && next != "" {
			p.tokens = p.tokens[1:]
			return next
		}
	}
	return ""
}

func (p *conditionParser) fail(want string) {
	if p.err != nil {
		return
	}
	got := strconv.Quote(p.peek())
	if len(p.tokens) == 0 {
		got = "the end"
	}
	p.err = fmt.Errorf("%s where %s is wanted", got, want)
	p.tokens = nil
}

func (p *conditionParser) or() condition {
	left := p.and()
	for p.accept("||", "or") != "" {
		a, b := left, p.and()
		left = func(x *measured) bool { return a(x) || b(x) }
	}
	return left
}

func (p *conditionParser) and() condition {
	left := p.not()
	for p.accept("&&", "and") != "" {
		a, b := left, p.not()
		left = func(x *measured) bool { return a(x) && b(x) }
	}
	return left
}

func (p *conditionParser) not() condition {
	if p.accept("!", "not") != "" {
		if next := p.peek(); next != "(" && next != "!" && next != "not" && next != "isNaN" && next != "isInf" && next != "isNil" {
			p.fail(`"(" after a negation`)
		}
		c := p.not()
		return func(x *measured) bool { return !c(x) }
	}
	if p.accept("isNil") != "" {
		p.argument("")
		return func(x *measured) bool { return x.none }
	}
	if name := p.accept("isNaN", "isInf"); name != "" {
		if p.accept("(") == "" {
			p.fail(`"("`)
		}
		of := p.sum()
		if p.accept(")") == "" {
			p.fail(`")"`)
		}
		if name == "isNaN" {
			return func(x *measured) bool { return math.IsNaN(of(x)) }
		}
		return func(x *measured) bool { return math.IsInf(of(x), 0) }
	}
	if c := p.nested(); c != nil {
		return c
	}
	return p.comparison()
}

// nested is a condition in brackets; nil, and nothing taken, where the brackets hold a number.
func (p *conditionParser) nested() condition {
	if p.peek() != "(" {
		return nil
	}
	before := p.tokens
	p.tokens = p.tokens[1:]
	c := p.or()
	if p.err == nil && p.accept(")") != "" {
		return c
	}
	p.tokens, p.err = before, nil
	return nil
}

func (p *conditionParser) comparison() condition {
	a := p.sum()
	operator := p.accept("<", "<=", ">", ">=", "==", "!=")
	if operator == "" {
		p.fail("a comparison")
	}
	b := p.sum()
	switch operator {
	case "<":
		return func(x *measured) bool { return a(x) < b(x) }
	case "<=":
		return func(x *measured) bool { return a(x) <= b(x) }
	case ">":
		return func(x *measured) bool { return a(x) > b(x) }
	case ">=":
		return func(x *measured) bool { return a(x) >= b(x) }
	case "==":
		return func(x *measured) bool { return a(x) == b(x) }
	}
	return func(x *measured) bool { return a(x) != b(x) }
}

// number is an arithmetic expression over the measurement.
type number func(x *measured) float64

func (p *conditionParser) sum() number {
	left := p.product()
	for operator := p.accept("+", "-"); operator != ""; operator = p.accept("+", "-") {
		a, b := left, p.product()
		if operator == "+" {
			left = func(x *measured) float64 { return a(x) + b(x) }
		} else {
			left = func(x *measured) float64 { return a(x) - b(x) }
		}
	}
	return left
}

func (p *conditionParser) product() number {
	left := p.factor()
	for operator := p.accept("*", "/"); operator != ""; operator = p.accept("*", "/") {
		a, b := left, p.factor()
		if operator == "*" {
			left = func(x *measured) float64 { return a(x) * b(x) }
		} else {
			left = func(x *measured) float64 { return a(x) / b(x) }
		}
	}
	return left
}

func (p *conditionParser) factor() number {
	switch {
	case p.accept("-") != "":
		of := p.factor()
		return func(x *measured) float64 { return -of(x) }
	case p.accept("(") != "":
		of := p.sum()
		if p.accept(")") == "" {
			p.fail(`")"`)
		}
		return of
	case p.peek() == "len" || p.peek() == "default" || p.peek() == "asFloat" || p.peek() == "asInt":
		return p.call()
	case p.accept("result") != "":
		if p.accept("[") != "" && (p.accept("0") == "" || p.accept("]") == "") {
			p.fail("result[0], the only one there is,")
		}
		return (*measured).number
	}
	v, err := strconv.ParseFloat(p.peek(), 64)
	if err != nil || !(p.peek()[0] >= '0' && p.peek()[0] <= '9' || p.peek()[0] == '.') {
		p.fail("result or a number")
		return func(*measured) float64 { return math.NaN() }
	}
	p.tokens = p.tokens[1:]
	return func(*measured) float64 { return v }
}
