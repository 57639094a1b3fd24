package calendar_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

func Example() {
	company := calendar.Calendar{
		Name: "company", Zone: "America/New_York",
		Freeze: []calendar.Window{{
			Name: "weekend", Text: "nobody is here", Start: calendar.Clock(2026, time.January, 2, 17, 0), End: calendar.Clock(2026, time.January, 5, 8, 0),
			Rule: calendar.Rule{Freq: calendar.Weekly},
		}},
	}
	team := calendar.Calendar{
		Name: "shop", Zone: "Europe/London", Scope: calendar.Scope{Services: []string{"shop-*"}},
		Allow: []calendar.Window{{
			Name: "mornings", Start: calendar.Clock(2026, time.January, 1, 9, 0), End: calendar.Clock(2026, time.January, 1, 13, 0),
			Rule: calendar.Rule{Freq: calendar.Weekly, ByDay: []calendar.Day{{On: calendar.Tuesday}, {On: calendar.Thursday}}},
		}},
	}
	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation, Subject: calendar.Subject{Service: "shop-api"}}, company, team)
	if err != nil {
		fmt.Println(err)
		return
	}
	saturday := time.Date(2026, time.March, 7, 12, 0, 0, 0, time.UTC)
	status := schedule.At(saturday)
	fmt.Println("open:", status.Open)
	for _, reason := range status.Why {
		fmt.Println("-", reason)
	}
	fmt.Println("opens", status.NextOpening.Format(time.RFC3339), "closes", status.NextClosing.Format(time.RFC3339))
	fmt.Println("5 hours fit:", !schedule.Fits(saturday, 5*time.Hour).Start.IsZero())
	// Output:
	// open: false
	// - frozen by company/weekend until 2026-03-09T12:00:00Z (nobody is here)
	// - outside the windows of shop, the next of which begins 2026-03-10T09:00:00Z
	// opens 2026-03-10T09:00:00Z closes 2026-03-10T13:00:00Z
	// 5 hours fit: false
}

func ExampleOverride() {
	company := calendar.Calendar{Name: "company", Zone: "UTC", Freeze: []calendar.Window{{
		Name: "black-friday", Start: calendar.Clock(2026, time.November, 26, 0, 0), End: calendar.Clock(2026, time.December, 1, 0, 0),
	}}}
	friday := time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)
	schedule, err := calendar.Compile(calendar.Options{Overrides: []calendar.Override{{
		By: "ada", Why: "the basket is broken", Lifts: []string{"company/black-friday"}, From: friday, Until: friday.Add(2 * time.Hour),
	}}}, company)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(schedule.At(friday))
	_, err = calendar.Compile(calendar.Options{Overrides: []calendar.Override{{By: "ada", Lifts: []string{"company/christmas"}, Until: friday}}}, company)
	fmt.Println(err)
	// Output:
	// open, closes 2026-11-27T14:00:00Z: company/black-friday is lifted by ada until 2026-11-27T14:00:00Z: the basket is broken
	// 2 errors occurred:
	// 	* Options.Overrides[0]: Why: is missing: an override says who lifts what, and why
	// 	* Options.Overrides[0]: Lifts[0]: there is no freeze and no calendar "company/christmas": write calendar/freeze, or calendar
}
