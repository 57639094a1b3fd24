package haproxy

import (
	"context"
	"net"
	"time"
)

// Disk is what a router writes files with.
type Disk = disk

// Dial connects to a socket.
type Dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// On makes a router write to another disk, and reach HAProxy by other means.
func (g *Groups) On(d Disk, admin, master Dial) *Groups { g.on(d, admin, master); return g }

// On makes a router write to another disk, and reach HAProxy by other means.
func (w *Weights) On(d Disk, admin, master Dial) *Weights { w.on(d, admin, master); return w }

func (m *mover) on(d Disk, admin, master Dial) {
	m.disk, m.admin.connect, m.master.connect = d, admin, master
}

// CreateFilesOn is CreateFiles on another disk.
func (o GroupsOptions) CreateFilesOn(d Disk) error { return o.createFiles(d) }

// CreateFilesOn is CreateFiles on another disk.
func (o WeightsOptions) CreateFilesOn(d Disk) error { return o.createFiles(d) }

// MapFile, StateFile and RecordFile are where a router's files lie.
func (o GroupsOptions) MapFile() string                 { return o.withDefaults().mapFile() }
func (o GroupsOptions) StateFile(backend string) string { return o.stateFile(backend) }
func (o GroupsOptions) RecordFile() string              { return o.recordFile() }

// Folder is the disk of the machine.
func Folder() Disk { return folder{} }

// Impatient makes a source give up on lines sooner.
func (s *Source) Impatient(d time.Duration) { s.patience = d }

// Remembers follows HAProxy for once, and tells whether it goes on to remember each request.
func (s *Source) Remembers(ctx context.Context) (bool, error) {
	c := &collector{source: s, following: map[int]*follower{}, resume: map[int]time.Time{}, left: map[int]time.Time{}}
	defer c.close()
	p, _, _, err := (&mover{admin: s.admin}).survey(ctx)
	if err != nil {
		return false, err
	}
	f, err := c.follow(ctx, p)
	if err != nil {
		return false, err
	}
	c.following[p.pid] = f
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen != nil, nil
}
