package credential

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCredential(t *testing.T) {
	token, err := Token("planted-token=")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		credential    Credential
		kind          Kind
		header, shown string
	}{
		{Credential{}, None, "", "a planted-token= b"},
		{token, Bearer, "Bearer planted-token=", "a [redacted] b"},
		{Password("o", "planted-token="), Basic, "Basic bzpwbGFudGVkLXRva2VuPQ==", "a [redacted] b"},
		{Password("o", ""), Basic, "Basic bzo=", "a planted-token= b"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		test.credential.Set(r)
		if test.credential.Kind() != test.kind || r.Header.Get("Authorization") != test.header {
			t.Errorf("%s: %q", test.credential.Kind(), r.Header.Get("Authorization"))
		}
		if shown := test.credential.Hide("a planted-token= b"); shown != test.shown {
			t.Errorf("%s: %q is shown", test.kind, shown)
		}
		if text := fmt.Sprintf("%v %+v %#v", test.credential, test.credential, test.credential); strings.Contains(text, "planted") {
			t.Errorf("it is printed: %s", text)
		}
	}
	if none, err := Token(""); err != nil || none.Kind() != None {
		t.Errorf("%v %v", none, err)
	}
	if _, err := Token("planted secret"); err == nil || strings.Contains(err.Error(), "planted") {
		t.Error(err)
	}
}
