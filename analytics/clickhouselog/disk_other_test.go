//go:build !linux

package clickhouselog

import "testing"

func smallDisk(t *testing.T, _ int) string {
	t.Helper()
	t.Skip("only Linux has a small disk for this test")
	return ""
}

func fill(*testing.T, string) {}
