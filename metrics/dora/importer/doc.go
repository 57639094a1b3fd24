// Package importer (PURE) reads the events of package metrics/dora from files of others: JSON lines, CSV and CDEvents.
//
//	for event, err := range importer.Lines(file, importer.Options{}) {
//		if err != nil {
//			return err // or keep it, and go on: see Errors
//		}
//		if err := history.Add(event); err != nil {
//			return err
//		}
//	}
//
// [Lines] and [CSV] give events one by one, in memory that does not grow with the input. [CDEvents] reads all of its input
// before it tells anything, as an incident or a deployment is told of by several of its events.
//
// # Lines
//
// One JSON object a line, as dora.Decode reads it. Blank lines, CRLF and a byte order mark are passed over. A key that is there twice
// in one object is an error, also where the two differ in case alone, and so is a text that is no UTF-8: of two ids one
// would be lost.
//
// # CSV
//
// The first record names the columns, in any order. One of them is type; the others are the fields of the JSON form:
//
//	type,id,service,environment,time,changes
//	change,c1,,,2025-03-03T07:00:00Z,
//	deployment,d1,shop,production,2025-03-03T09:00:00Z,c1; c2
//
// A column that no event has is an error, and so is a cell that is not empty in a column that the type of its line does not have.
// Times are RFC 3339. The ids of a list are separated by semicolons or line breaks: an id that holds one needs another form. Each of originals is
// an id, a blank and a time. Records may be quoted, hold line breaks, and end with CRLF.
//
// # CDEvents
//
// What CDEvents says and does not say is told at [CDEvents].
//
// # Errors
//
// A [LineError] is of one record: the iterator goes on with the next one where its user does. Errors of the reader, of the header of a CSV
// and of a record that is too large (ErrTooLong) for CSV end it. Nothing is passed over without an error or a remark.
//
// # Concurrency
//
// Functions share nothing. What they return is for one goroutine at a time.
package importer
