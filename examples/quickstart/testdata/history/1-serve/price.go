package main

// quote is the price of an item in cents.
func quote(item int) (int, error) {
	return 100 + 7*item, nil
}
