module github.com/davit-sdk/davit/release/calendar/ical

go 1.26.0

replace github.com/davit-sdk/davit => ../../..

require (
	github.com/davit-sdk/davit v0.0.0-00010101000000-000000000000
	github.com/emersion/go-ical v0.0.0-20250329121855-f41e73efc392
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/hashicorp/errwrap v1.0.0 // indirect
	github.com/hashicorp/go-multierror v1.1.1 // indirect
	github.com/teambition/rrule-go v1.8.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
