package dora_test

import (
	"fmt"

	"github.com/davit-sdk/davit/metrics/dora"
)

func ExampleDecode() {
	event, err := dora.Decode([]byte(`{"type":"deployment","id":"d1","service":"shop","environment":"production","time":"2025-03-03T09:00:00Z","kind":"rollback","fixes":["d0"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d := event.(dora.Deployment)
	fmt.Println(d.ID, d.Kind, "of", d.Fixes)

	_, err = dora.Decode([]byte(`{"type":"incident","id":"i1","openend":"2025-03-03T09:00:00Z"}`))
	fmt.Println(err)
	// Output:
	// d1 rollback of [d0]
	// incident: json: unknown field "openend"
}
