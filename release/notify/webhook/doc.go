// Package webhook (SHELL) sends messages of package release/notify to other programs: as JSON over HTTPS, signed.
//
//	hook := &webhook.Channel{URL: "https://example.com/davit", Keys: []stage.Secret{key}}
//
// The body is the JSON of a notify.Message. Three headers go with it, as the Standard Webhooks specification (version 1) has them, so that receivers
// in any language have a library for it:
//
//	webhook-id         the ID of the message: whoever keeps it sees each message once
//	webhook-timestamp  when this request was made, in seconds since 1970
//	webhook-signature  "v1," and the base64 of HMAC-SHA256 over the ID, a dot, the timestamp, a dot, and the body; one for each key, with a space between
//
// A receiver in Go calls [Read], which proves the signature, refuses what is older or newer than [Tolerance], and so what somebody has recorded and sends again
// later, and gives the message. To change a key, give the sender the new one and the old one, then the receivers the new one, then take the old one away.
//
// A body is at most [MaxBody] long: where a digest is longer, the texts of its parts are left out, and then their reasons.
//
// # Errors
//
// 2xx is success. 400, 413, 415 and 422 are Permanent: the receiver does not take this message. All others are tried again; Retry-After is
// heeded. Redirects are refused. Keys and the URL are in no error.
//
// # Concurrency
//
// A Channel may be used from any goroutine.
package webhook
