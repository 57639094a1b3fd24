// Package notify (SHELL) sends notifications to real servers of SMTP and HTTP that fail, are slow and cut connections, from hosts that are killed. There is nothing in
// it to import.
package notify
