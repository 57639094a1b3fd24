// Package haproxy (SHELL) has the tests of strategy/haproxy on real HAProxy servers, in front of services that
// are real processes, under the load of customers that count what they lose. There is nothing in it to import.
package haproxy
