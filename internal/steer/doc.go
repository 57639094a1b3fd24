// Package steer (SHELL) is what stages that carry out a rollout have in common, to one target or to several
// regions: how the signals of a release reach a rollout, how what happens in it is recorded, and how its end
// is told in the words of a stage. Package stage/deploy and package stage/waves import it.
package steer
