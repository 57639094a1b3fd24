// Package mail (SHELL) sends messages of package release/notify by e-mail, to a server that speaks SMTP.
//
//	post := &mail.Channel{Server: "smtp.example.com:587", From: "Davit <davit@example.com>", Username: "davit", Password: password}
//
// A recipient's address is a mail address. Each message is one mail of plain text in UTF-8, quoted-printable, and has a Message-ID
// that is made of the ID of the message: one that comes twice is known again by it. Its date is that of the event, so that both are the same to the last byte. The mails of one
// release are one thread. A digest has the texts of its parts, up to a size.
//
// # Safety
//
// The connection is encrypted by STARTTLS, and nothing is sent where the server does not offer it or has another name in its certificate, unless Insecure
// says that a server without is fine; with ImplicitTLS it is encrypted from the first byte. The password is sent only when it is: never otherwise, whatever the options say. No text
// becomes a header: subjects and names are encoded, addresses are parsed, and what is no address is refused.
//
// # Errors
//
// The server's answer is in the error. One of 5xx to the recipient or to the mail itself is Permanent; to all else (login, sender, a greeting) it is tried again, as
// somebody may mend it. A server that takes a mail and is cut off before it says so gets it again, with the same Message-ID.
//
// # Concurrency
//
// A Channel may be used from any goroutine. Each mail has a connection of its own.
package mail
