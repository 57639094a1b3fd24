package keys_test

import (
	"fmt"

	"github.com/davit-sdk/davit/metrics/dora/internal/keys"
)

func Example() {
	name, twice := keys.Twice([]byte(`{"id": "d1", "time": "2025-03-03T07:00:00Z", "ID": "d2"}`), true)
	fmt.Println(name, twice)
	// Output: ID true
}
