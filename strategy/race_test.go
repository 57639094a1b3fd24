//go:build race

package strategy_test

// raced divides how much is drawn, because the race detector is slow.
const raced = 8
