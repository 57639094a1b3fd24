package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/davit-sdk/davit/release/sqlstore"
)

// This is what a host does with a file of SQLite, from the driver on.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	db, err := sql.Open("sqlite", filepath.Join(dir, "releases.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Append(ctx, "shop-1", 0, notes(1, 2, "hello")...); err != nil {
		log.Fatal(err)
	}
	fmt.Println(store.Append(ctx, "shop-1", 0, notes(1, 1, "too late")...))
	for event, err := range store.Events(ctx, "shop-1", 2) {
		fmt.Println(event.Seq, event.Body.Type(), err)
	}
	// Output:
	// sqlstore: release shop-1: appending after event 0: conflict: there are 2 events, 0 were expected
	// 2 detail.noted <nil>
}
