package local

// What tests need to reach inside of a fleet.

// WithCrashpoint makes the fleet call the function at the instants of an instance's start: name is
// "intended" (recorded, nothing runs), "released" (its port is free to take, and what is given
// instead of an ID), "started" (it runs, unrecorded) or "recorded".
func WithCrashpoint(o FleetOptions, f func(name, id string)) FleetOptions {
	o.crashpoint = f
	return o
}

// Record is what a state file holds, as far as tests look at it.
type Record = record

var (
	ParseRecord = parseRecord
	CapLog      = capLog
	LogTail     = logTail
)

// PIDOf is the number of the record's process, and whether it must have one.
func PIDOf(r Record) (pid int, must bool) { return r.Process.PID, r.Stage != stageIntended }
