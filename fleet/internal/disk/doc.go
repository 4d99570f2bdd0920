// Package disk tells how much of a disk is free.
package disk
