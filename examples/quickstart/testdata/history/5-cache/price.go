package main

import (
	"errors"
	"sync"
)

// prices keeps the prices that were asked for.
var prices = cache{cents: map[int]int{}, size: 48}

// quote is the price of an item in cents.
func quote(item int) (int, error) {
	return prices.get(item, compute)
}

// compute rounds to 5 cents. Every tenth item is on sale.
func compute(item int) int {
	cents := 100 + 7*item
	if item%10 == 0 {
		cents -= cents / 5
	}
	return (cents + 2) / 5 * 5
}

type cache struct {
	mu    sync.Mutex
	cents map[int]int
	size  int
}

var errFull = errors.New("the cache is full")

func (c *cache) get(item int, compute func(int) int) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cents, ok := c.cents[item]; ok {
		return cents, nil
	}
	if len(c.cents) == c.size {
		return 0, errFull
	}
	c.cents[item] = compute(item)
	return c.cents[item], nil
}
