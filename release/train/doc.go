// Package train (PURE) runs release trains by a calendar: departures by a cadence, a cut-off before each, what is late goes with the next one,
// and many services leave together.
//
// It is for hosts and teams that release on days that are known beforehand:
//
//	weekly := train.Train{
//		Name: "weekly", Zone: "Europe/Berlin",
//		First: calendar.Clock(2026, time.November, 3, 10, 0), Rule: calendar.Rule{Freq: calendar.Weekly},
//		CutOff: train.CutOff{Days: 1, Clock: "18:00"}, Length: 2 * time.Hour, Closed: train.Waits,
//		Members: []train.Member{{Service: "shop"}, {Service: "payment", Before: []string{"shop"}}},
//	}
//	timetable, err := train.New(train.Options{Zones: time.LoadLocation, Windows: schedules}, weekly)
//	d, ok := timetable.Next("weekly", time.Now())   // the one that a change which is ready now goes with
//	manifest, err := timetable.Load(d, changes)     // which version of what goes with it
//
// # When a train leaves
//
// Departures are those of a recurring window of package calendar: at the local time in the train's zone, with its policies for times that do
// not exist or come twice. A train needs its Length, as a rule the 95 % of what its slowest pipeline takes (see package pace), before the next
// close of its windows. Where it has not, it does not leave, and what would have gone with it goes with the next one; or it Waits, and leaves
// when there is room, unless the next one is due by then. Trains of one name leave one after the other: one that is due while the one ahead is
// under way leaves when that has arrived, or not at all where the next one is due by then. With SideBySide they do not wait for each other.
// Trains of different names never wait; [Timetable.Overlaps] tells which of them carry the same service at once.
//
// Departures are numbered from First on, those that do not leave too, so that the fifth train is the fifth whoever asks when. For that they
// are counted from First at each question.
//
// # What goes with it
//
// A change that is ready before the cut-off; the cut-off itself is too late. It is that of the planned departure, also of a train that waits:
// what leaves is what was there to be tested. Of each service the highest version goes, and never one that is lower than what an
// earlier train carried, unless that is asked for (Change.Lower): it is listed instead. A service that has nothing new stays as it is, unless
// it is Required: then the manifest says that it is missing.
//
// # Errors
//
// New reports everything that is wrong with all trains at once, by name and field.
//
// # Concurrency
//
// A Timetable never changes and may be used by any number of goroutines.
package train
