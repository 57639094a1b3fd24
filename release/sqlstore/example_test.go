package sqlstore_test

import (
	"context"
	"database/sql"
	"log"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/sqlstore"
)

// A program that imports the driver opens the database, and hands it to the store. The drivers are not
// part of this module, so that this example is compiled, but not run; internal/integration runs the same.
func ExampleOpen() {
	db, err := sql.Open("sqlite", "/var/lib/deployer/releases.db")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite, sqlstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	config := release.Config{Store: store} // of a runner, which uses it as any other store
	_ = config
}
