package changelog

import "slices"

// overlap finds a tag that two formats both read. It walks both at once, from state to state, so the
// answer is exact; where neither text begins as the other does there is nothing to walk.
func overlap(f, g TagFormat) (tag string, ok bool) {
	type pair struct{ f, g int }
	type step struct {
		at   pair
		from int
		char byte
	}
	one, other := readerOf(f), readerOf(g)
	if n := min(len(one.before), len(other.before)); one.before[:n] != other.before[:n] {
		return "", false
	}
	chars := []byte("01a-.+" + one.before + one.after + other.before + other.after)
	slices.Sort(chars)
	chars = slices.Compact(chars)
	seen := map[pair]bool{{}: true}
	steps := []step{{from: -1}}
	for i := 0; i < len(steps); i++ {
		at := steps[i].at
		if one.ends(at.f) && other.ends(at.g) {
			var text []byte
			for k := i; steps[k].from >= 0; k = steps[k].from {
				text = append(text, steps[k].char)
			}
			slices.Reverse(text)
			return string(text), true
		}
		for _, char := range chars {
			for _, nextF := range one.next(at.f, char) {
				for _, nextG := range other.next(at.g, char) {
					if next := (pair{nextF, nextG}); !seen[next] {
						seen[next] = true
						steps = append(steps, step{next, i, char})
					}
				}
			}
		}
	}
	return "", false
}

// formatReader is a tag format as a machine that reads tags by the byte. Its states are first the bytes of what comes before
// the version, then those of a version, then the bytes of what comes after it.
type formatReader struct{ before, after string }

func readerOf(f TagFormat) formatReader {
	before, after, _ := f.parts()
	return formatReader{before, after}
}

// next are the states that a byte leads to.
func (r formatReader) next(state int, char byte) []int {
	if state < len(r.before) {
		if r.before[state] == char {
			return []int{state + 1}
		}
		return nil
	}
	var all []int
	first := len(r.before) + versionStates // the state after the first byte of what comes after the version
	if state < first {
		version := state - len(r.before)
		if s, ok := versionStep(version, char); ok {
			all = append(all, len(r.before)+s)
		}
		if versionEnds(version) && r.after != "" && r.after[0] == char {
			all = append(all, first)
		}
		return all
	}
	if at := state - first + 1; at < len(r.after) && r.after[at] == char {
		return []int{state + 1}
	}
	return nil
}

// ends reports whether a tag may end in a state.
func (r formatReader) ends(state int) bool {
	if r.after == "" {
		return state >= len(r.before) && versionEnds(state-len(r.before))
	}
	return state == len(r.before)+versionStates+len(r.after)-1
}

// The states of a machine that reads a semantic version. A number, or an identifier, begins; is a
// zero; has several digits; and, in pre-releases, is a zero with digits after it, or has a letter.
const (
	majorBegins = iota
	majorZero
	majorDigits
	minorBegins
	minorZero
	minorDigits
	patchBegins
	patchZero
	patchDigits
	preBegins
	preZero
	preDigits
	preZeroDigits
	preLetters
	buildBegins
	buildLetters
	versionStates
)

func versionEnds(state int) bool {
	switch state {
	case patchZero, patchDigits, preZero, preDigits, preLetters, buildLetters:
		return true
	}
	return false
}

// versionStep is the state that a byte leads to.
func versionStep(state int, char byte) (next int, ok bool) {
	digit := '0' <= char && char <= '9'
	letter := 'a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || char == '-'
	switch state {
	case majorBegins, minorBegins, patchBegins:
		if char == '0' {
			return state + 1, true
		}
		return state + 2, digit
	case majorZero, majorDigits, minorZero, minorDigits:
		if char == '.' {
			return state - state%3 + 3, true
		}
		return state, digit && state%3 == 2
	case buildBegins, buildLetters:
		if char == '.' {
			return buildBegins, state == buildLetters
		}
		return buildLetters, digit || letter
	case patchZero, patchDigits:
		if char == '-' {
			return preBegins, true
		}
		if digit {
			return state, state == patchDigits
		}
		return buildBegins, char == '+'
	}
	switch {
	case char == '.' || char == '+':
		if next = preBegins; char == '+' {
			next = buildBegins
		}
		return next, versionEnds(state)
	case letter:
		return preLetters, true
	case !digit:
		return 0, false
	case state == preBegins && char == '0':
		return preZero, true
	case state == preBegins:
		return preDigits, true
	case state == preZero:
		return preZeroDigits, true
	}
	return state, true
}
