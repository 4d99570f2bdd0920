package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/argus-dgo/argus/fleet/internal/statefile"
)

// A file is one that is written.
type file struct{ name, content string }

// Write writes the tokens and then the settings. Nobody but the owner can read them.
func (p *Plan) Write() (err error) {
	env, err := environment(p.values)
	if err != nil {
		return err
	}
	var files []file
	for _, t := range p.tokens {
		files = append(files, file{t.file, t.text + "\n"})
	}
	files = append(files, file{p.env(), env})
	for _, f := range files {
		if _, err := os.Lstat(f.name); err == nil {
			return there(f.name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var made []string
	defer func() {
		for i := len(made) - 1; err != nil && i >= 0; i-- {
			err = errors.Join(err, os.Remove(made[i]))
		}
	}()
	switch err := os.Mkdir(p.dir, 0o700); {
	case err == nil:
		made = append(made, p.dir)
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	for _, f := range files {
		switch err := statefile.Create(f.name, []byte(f.content)); {
		case errors.Is(err, fs.ErrExist):
			return there(f.name)
		case err != nil:
			return err
		}
		made = append(made, f.name)
	}
	return nil
}

func (p *Plan) env() string { return filepath.Join(p.dir, envFile) }

func there(name string) error {
	return fmt.Errorf("%s exists, and is not replaced; nothing was written: choose another folder with --dir, or remove the file", name)
}
