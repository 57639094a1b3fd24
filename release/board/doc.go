// Package board (PURE) is a status page of words: what is planned, what runs and how far it is, who is waited for and since when, what somebody has to look at now,
// and what is done.
//
// It is for hosts that show where all releases stand: on a page, in a chat, in a mail each morning. It is made of what was recorded:
//
//	page := board.Make(board.Input{Now: now, Reviews: reviews, Planned: planned, Forecast: forecast})
//	fmt.Print(page.Text())
//	fmt.Print(page.For(board.View{Name: "sales", Services: []string{"shop"}, Sections: []board.Section{board.Running, board.Done}}).Markdown())
//
// # What is where
//
//	Attention   a release that is stranded, has a stage that waits for a person to say retry, skip or abort, or one that could not be undone; of those that are over,
//	            for as long as Input.Keep
//	Waiting     a release that waits for people: an approval, a question of a rollout, a pause
//	Running     a release under way that waits for no person; also one that waits for a time, or was interrupted and waits for a host
//	Planned     what is to come
//	Done        a release that is over, for as long as Input.Keep, the latest first
//
// A release is in one section, the first of these that fits. Within a section, what waits or runs longest comes first.
//
// # Times
//
// How far a release is and when it will be done come from Input.Forecast: package pace makes such forecasts of earlier releases. Without one, stages are counted, and nothing is said
// of the end. Times are shown in the zone of the View.
//
// # Determinism
//
// The same input gives the same page, byte for byte, in each form. What stages and people say is shown in one line, cut, and free of what steers a terminal;
// Markdown is escaped.
//
// # Concurrency
//
// A Board is a value that is never changed. The reviews that it is made of are only read, while Make runs.
package board
