package notifytest_test

import (
	"fmt"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/notifytest"
)

// A channel that takes the end of a connection for a success is found out.
func ExampleSuite() {
	suite := notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		p := &memory{mutant: "cut"} // a receiver of one's own, with the channel to it
		return p, p
	}}
	fmt.Println(suite.Check())
	// Output:
	// law cut: the receiver was cut off before it answered, and Send reports no error
}
