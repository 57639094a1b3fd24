// Package haserver (SHELL) runs an HAProxy of one's own, for an example and for tests: in a folder for
// temporary files, on free ports of this machine, as a master with workers. It can be reloaded, replaced by
// another one, stopped and killed, and its log can be read. It leaves nothing behind, and dies with the
// process that started it where the system can see to that.
package haserver
