package preset

import "math"

// argument takes the brackets of a function of the measurement, up to what closes them or ends its first
// argument.
func (p *conditionParser) argument(end string) {
	if p.accept("(") == "" || p.accept("result") == "" {
		p.fail(`"(result"`)
	}
	if end == "" {
		end = ")"
	}
	if p.accept(end) == "" {
		p.fail(`"` + end + `"`)
	}
}

// call is a function of the measurement that is a number.
func (p *conditionParser) call() number {
	switch name := p.accept("len", "default", "asInt", "asFloat"); name {
	case "len":
		p.argument("")
		return func(x *measured) float64 {
			if x.none {
				return 0
			}
			return 1
		}
	case "default":
		p.argument(",")
		other := p.sum()
		if p.accept(")") == "" {
			p.fail(`")"`)
		}
		return func(x *measured) float64 {
			if x.none {
				return other(x)
			}
			return x.number()
		}
	default:
		if p.accept("(") == "" {
			p.fail(`"("`)
		}
		of := p.sum()
		if p.accept(")") == "" {
			p.fail(`")"`)
		}
		if name == "asInt" {
			return func(x *measured) float64 { return math.Trunc(of(x)) }
		}
		return of
	}
}
