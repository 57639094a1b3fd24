// Command shop quotes prices over HTTP.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// version is set by the linker.
var version = "development"

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	server := &http.Server{Addr: *addr, Handler: handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		log.Print("shutting down")
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(grace)
	}()
	log.Printf("shop %s listens on %s", version, *addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /price/{item}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Shop-Version", version)
		item, err := strconv.Atoi(r.PathValue("item"))
		if err != nil {
			http.Error(w, "no such item", http.StatusNotFound)
			return
		}
		cents, err := quote(item)
		if err != nil {
			log.Printf("quote item %d: %v", item, err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "{\"item\": %d, \"cents\": %d}\n", item, cents)
	})
	return mux
}
