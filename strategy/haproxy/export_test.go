package haproxy

import "time"

// Disk is what a router writes files with.
type Disk = disk

// On makes a router write to another disk.
func (g *Groups) On(d Disk) *Groups { g.disk = d; return g }

// On makes a router write to another disk.
func (w *Weights) On(d Disk) *Weights { w.disk = d; return w }

// CreateFilesOn is CreateFiles on another disk.
func (o GroupsOptions) CreateFilesOn(d Disk) error { return o.createFiles(d) }

// MapFile, StateFile and RecordFile are where a router's files lie.
func (o GroupsOptions) MapFile() string                 { return o.withDefaults().mapFile() }
func (o GroupsOptions) StateFile(backend string) string { return o.stateFile(backend) }
func (o GroupsOptions) RecordFile() string              { return o.recordFile() }

// ParseAll runs every parser over a text, and tells what each makes of it, for fuzzing.
func ParseAll(text string) {
	_, _ = parseInfo(text)
	_, _ = parseStat(text)
	_, _ = parseFormer(text)
	_, _ = splitAnswers(text, 1)
	_ = sameClock(text, time.Unix(0, 0))
	_, _ = parseVersion(text)
	_, _ = lastLine(text)
}
