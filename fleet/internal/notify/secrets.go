package notify

import (
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	commonconfig "github.com/prometheus/common/config"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/settingfile"
)

const (
	reasonMost = 300      // bytes of a reason in a log, an error or a status
	secretMost = 64 << 10 // bytes of a file with a secret
	secretLong = 8        // a shorter part of a URL is no secret, and may be a common word
)

// secrets are those of a configuration: errors of receivers may repeat them, such as a
// proxy that says which path it did not find.
type secrets struct {
	values []string
	files  []string // read when they are needed, since they may change
}

func secretsOf(c *amconfig.Config) *secrets {
	s := &secrets{}
	s.collect(reflect.ValueOf(c))
	return s
}

func (s *secrets) collect(v reflect.Value) {
	switch value := v.Interface().(type) {
	case commonconfig.Secret:
		s.values = append(s.values, string(value))
		return
	case amcommon.SecretTemplateURL:
		s.values = append(s.values, partsOf(string(value))...)
		return
	case amcommon.SecretURL:
		if value.URL != nil {
			s.values = append(s.values, partsOf(value.URL.String())...)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			s.collect(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.collect(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			s.collect(v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if field.Type.Kind() == reflect.String && strings.HasSuffix(field.Name, "File") && v.Field(i).String() != "" {
				s.files = append(s.files, v.Field(i).String())
			}
			s.collect(v.Field(i))
		}
	}
}

// partsOf returns a URL and those parts of it that are secret by themselves.
func partsOf(text string) []string {
	parts := []string{text}
	u, err := url.Parse(text)
	if err != nil {
		return parts
	}
	for _, part := range []string{u.RequestURI(), u.EscapedPath(), path.Base(u.Path), u.RawQuery} {
		if len(part) >= secretLong {
			parts = append(parts, part)
		}
	}
	return parts
}

// clean returns text as one short line without the secrets.
func (s *secrets) clean(text string) string {
	values := s.values
	for _, file := range s.files {
		content, err := settingfile.Read(file, secretMost)
		if err != nil {
			continue
		}
		if secret := strings.TrimSpace(string(content)); secret != "" {
			values = append(slices.Clip(values), partsOf(secret)...)
		}
	}
	return excerpt.Line(excerpt.Hide(text, values...), reasonMost)
}

// repeated are values of a configuration that its parser repeats in an error. Names, such as those of
// receivers, are between other quotes.
var repeated = regexp.MustCompile("`[^`]*`|parse \"[^\"]*\"|[a-z][a-z0-9+.-]*://\\S+")

// withoutValues takes what may be a secret out of a parser's error.
func withoutValues(text string) string {
	return excerpt.Line(repeated.ReplaceAllLiteralString(text, excerpt.Redacted), reasonMost)
}
