package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// catalogue is what is released: the prices of the shop. A shop is a process that answers by one.
type catalogue struct {
	Version string            `json:"version"`
	Prices  map[string]string `json:"prices"`
}

// goods are what customers ask for.
func goods() []string { return []string{"tea", "coffee", "cake"} }

// sources are the catalogues as they are written down, by version. The last one has forgotten the cake.
func sources() map[string]catalogue {
	return map[string]catalogue{
		"1.0.0": {"1.0.0", map[string]string{"tea": "2.00", "coffee": "3.00", "cake": "4.00"}},
		"1.1.0": {"1.1.0", map[string]string{"tea": "2.10", "coffee": "3.10", "cake": "4.10"}},
		"1.2.0": {"1.2.0", map[string]string{"tea": "1.90", "coffee": "2.90"}},
	}
}

// pack writes a catalogue to where the artifacts lie, and gives its path. Done twice, it is done once.
func pack(dir, version string) (string, error) {
	source, ok := sources()[version]
	if !ok {
		return "", fmt.Errorf("there is no catalogue %s", version)
	}
	text, err := json.MarshalIndent(source, "", "  ")
	if err != nil {
		return "", err
	}
	path := packed(dir, version)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
}

// packed is where the artifact of a version lies.
func packed(dir, version string) string {
	return filepath.Join(dir, "artifacts", "shop-"+version+".json")
}

// beShop is one shop: it answers for prices until it is told to end.
func beShop(addr, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var c catalogue
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /price/{item}", func(w http.ResponseWriter, r *http.Request) {
		price, ok := c.Prices[r.PathValue("item")]
		if !ok {
			http.Error(w, "no price", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Shop-Version", c.Version)
		fmt.Fprintln(w, price)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() { ended <- server.Shutdown(context.Background()) })
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return <-ended
}
