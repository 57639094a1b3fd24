package train_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/train"
)

func Example() {
	weekly := train.Train{
		Name: "weekly", Zone: "Europe/Berlin", First: calendar.Clock(2026, time.November, 3, 10, 0), Rule: calendar.Rule{Freq: calendar.Weekly},
		CutOff: train.CutOff{Days: 1, Clock: "18:00"}, Length: 2 * time.Hour, Closed: train.Waits,
		Members: []train.Member{{Service: "shop", Before: []string{"payment"}}, {Service: "payment"}},
	}
	company, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, calendar.Calendar{Name: "company", Zone: "Europe/Berlin", Freeze: []calendar.Window{{
		Name: "audit", Start: calendar.Clock(2026, time.November, 10, 8, 0), End: calendar.Clock(2026, time.November, 10, 13, 0),
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	timetable, err := train.New(train.Options{Zones: time.LoadLocation, Windows: func(string) *calendar.Schedule { return company }}, weekly)
	if err != nil {
		fmt.Println(err)
		return
	}
	changes := []train.Change{
		{ID: "#11", Service: "shop", Version: "1.9.0", Ready: time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)},
		{ID: "#12", Service: "shop", Version: "1.10.0", Ready: time.Date(2026, 11, 9, 16, 59, 0, 0, time.UTC)},
		{ID: "#13", Service: "payment", Version: "2.1.0", Ready: time.Date(2026, 11, 9, 9, 0, 0, 0, time.UTC)},
		{ID: "#14", Service: "payment", Version: "2.2.0", Ready: time.Date(2026, 11, 9, 17, 0, 0, 0, time.UTC)},
	}
	d, ok := timetable.Next("weekly", changes[0].Ready)
	if !ok {
		return
	}
	manifest, err := timetable.Load(d, changes)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(manifest.Text())
	// Output:
	// weekly 2, planned 2026-11-10T09:00:00Z, cut-off 2026-11-09T17:00:00Z: leaves 2026-11-10T12:00:00Z, 3h0m0s late: 2h0m0s fits from 2026-11-10T12:00:00Z on: closed, opens 2026-11-10T12:00:00Z: frozen by company/audit until 2026-11-10T12:00:00Z
	//   wave 1  payment  2.1.0   #13
	//   wave 2  shop     1.10.0  #11, #12
	//   too late: #14 of payment 2.2.0, ready 2026-11-09T17:00:00Z
}
