package mail

import (
	"net/mail"

	"github.com/davit-sdk/davit/release/notify"
)

// Compose is the mail as it goes over the wire.
func Compose(from, to *mail.Address, m notify.Message) []byte { return compose(from, to, m) }
