package stage_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const canary = "hunter2-canary"

// login holds a secret in all ways in which a struct can.
type login struct {
	User   string
	Token  stage.Secret
	Ptr    *stage.Secret
	List   []stage.Secret
	Map    map[string]stage.Secret
	hidden stage.Secret
	deep   struct{ token stage.Secret }
	any    any
}

func newLogin() login {
	s := stage.NewSecret(canary)
	return login{
		User: "ada", Token: s, Ptr: &s, List: []stage.Secret{s}, Map: map[string]stage.Secret{"a": s},
		hidden: s, deep: struct{ token stage.Secret }{s}, any: s,
	}
}

// carriers are all that a secret may be given to a printer or an encoder in.
func carriers() map[string]any {
	s, l := stage.NewSecret(canary), newLogin()
	ps := &s
	return map[string]any{
		"itself": s, "pointer": ps, "pointer to pointer": &ps, "struct": l, "pointer to struct": &l,
		"slice": []stage.Secret{s}, "array": [1]stage.Secret{s}, "map": map[string]stage.Secret{"a": s}, "any": []any{s, &l},
	}
}

// A field that nobody else can see is printed by fmt without asking its methods.
func TestASecretIsPrintedByNoVerb(t *testing.T) {
	for name, v := range carriers() {
		for _, flag := range []string{"", "+", "#", "-20", "020", " ", ".3"} {
			for _, verb := range "vTtbcdoOqxXUeEfFgGsqpw" {
				text := fmt.Sprintf("%"+flag+string(verb), v)
				assert.NotContains(t, text, canary, "%%%s%c of %s", flag, verb, name)
				assert.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", canary), "%%%s%c of %s", flag, verb, name)
			}
		}
		assert.NotContains(t, fmt.Sprint(v)+fmt.Sprintln(v)+fmt.Errorf("%v %w", v, errors.ErrUnsupported).Error(), canary, name)
	}
	s := stage.NewSecret(canary)
	assert.Equal(t, "(secret) (secret)", fmt.Sprintf("%s %#v", s, s))
	assert.Equal(t, "(secret)", s.String())
	assert.Equal(t, "(secret)", s.GoString())
	assert.Equal(t, canary, s.Reveal())
	assert.False(t, s.IsZero())
	var none stage.Secret
	assert.Equal(t, "(secret)", fmt.Sprint(none))
	assert.Empty(t, none.Reveal())
	assert.True(t, none.IsZero())
	assert.True(t, stage.NewSecret("").IsZero())
}

func TestASecretIsWrittenByNoEncoder(t *testing.T) {
	encoders := map[string]func(v any) ([]byte, error){
		"json":   json.Marshal,
		"indent": func(v any) ([]byte, error) { return json.MarshalIndent(v, "", " ") },
		"gob": func(v any) ([]byte, error) {
			var buffer bytes.Buffer
			err := gob.NewEncoder(&buffer).Encode(v)
			return buffer.Bytes(), err
		},
		"xml": xml.Marshal,
	}
	for encoder, encode := range encoders {
		for name, v := range carriers() {
			text, err := encode(v)
			assert.Error(t, err, "%s of %s", encoder, name)
			assert.NotContains(t, string(text)+fmt.Sprint(err), canary, "%s of %s", encoder, name)
		}
		_, err := encode(stage.NewSecret(canary))
		assert.ErrorIs(t, err, stage.ErrSecret, encoder)
	}
	_, err := json.Marshal(map[stage.Secret]int{stage.NewSecret(canary): 1})
	assert.Error(t, err)
	assert.Error(t, json.Unmarshal([]byte(`"(secret)"`), new(stage.Secret)), "nor is a placeholder read as one")
}

func TestASecretGetsIntoNoRecord(t *testing.T) {
	var records = stage.NewKey[any]("records")
	for name, v := range carriers() {
		host := stagetest.NewHost(keyed(nil, refs(records.Ref())))
		task := host.Task()
		for what, err := range map[string]error{
			"key":        records.Set(task, v),
			"checkpoint": task.Checkpoint(t.Context(), v),
			"detail":     task.Detail(t.Context(), "login", v),
		} {
			assert.ErrorIs(t, err, stage.ErrSecret, "%s of %s", what, name)
			assert.NotContains(t, err.Error(), canary)
		}
		_, err := stagetest.Value(host, records)
		assert.ErrorIs(t, err, stage.ErrNoValue)
		assert.Nil(t, host.Saved())
		assert.Empty(t, host.Details())
	}
	_, err := stage.NewKey[login]("login").Encode(newLogin())
	assert.ErrorIs(t, err, stage.ErrSecret)
	task := stagetest.NewHost(never).Task()
	assert.NoError(t, task.Evidence(t.Context(), gate.Verdict{Gate: "g", Outcome: gate.Pass, Reason: fmt.Sprint(newLogin())}))
}

// hclog's JSON format drops a line, and tells nobody, where a value refuses to be written.
func TestALogLineWithASecretIsNeitherLostNorTelling(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var lines bytes.Buffer
		host := stagetest.NewHost(never)
		host.Logger = hclog.New(&hclog.LoggerOptions{Output: &lines, JSONFormat: asJSON, Level: hclog.Trace})
		log := host.Task().Logger()
		n := 0
		for name, v := range carriers() {
			for _, write := range []func(msg string, args ...any){
				log.Trace, log.Debug, log.Info, log.Warn, log.Error, log.With("before", v).Info, log.Named("sub").Info, log.ResetNamed("sub").With("a", v).Info,
				func(msg string, args ...any) { log.Log(hclog.Info, msg, args...) },
				func(msg string, _ ...any) {
					log.Info(msg, "text", hclog.Fmt("%v %s", v, stage.NewSecret(canary)), "other", 7)
				},
				func(msg string, args ...any) { log.Info(msg, append(args, "error", fmt.Errorf("%v", v))...) },
			} {
				n++
				write(fmt.Sprintf("line %d", n), "value", v, "other", 7)
				written := lines.String()
				lines.Reset()
				assert.Contains(t, written, fmt.Sprintf("line %d", n), name)
				assert.Contains(t, written, "other", name)
				assert.NotContains(t, written, canary, name)
				assert.NotContains(t, written, "@warn", name)
			}
		}
		log.Info("login", "token", stage.NewSecret(canary), "user", "ada", "roles", []string{"a"}, "times", map[string]int{"b": 1})
		assert.Contains(t, lines.String(), "(secret)")
		if asJSON {
			var line map[string]any
			require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
			assert.Equal(t, "(secret)", line["token"])
			assert.Equal(t, map[string]any{"b": 1.0}, line["times"], "other values are written as they are")
		}
	}
}

// refusing is an error that is written as JSON, and holds a secret.
type refusing struct{ token stage.Secret }

func (r refusing) Error() string                { return "no login" }
func (r refusing) MarshalJSON() ([]byte, error) { return json.Marshal(r.token) }

func TestAnErrorWithASecretIsLogged(t *testing.T) {
	var lines bytes.Buffer
	host := stagetest.NewHost(never)
	host.Logger = hclog.New(&hclog.LoggerOptions{Output: &lines, JSONFormat: true})
	host.Task().Logger().Info("refused", "error", refusing{stage.NewSecret(canary)})
	assert.Contains(t, lines.String(), `"error":"no login"`)
}

func TestASecretIsHiddenFromLoggersOfTheStandardLibrary(t *testing.T) {
	var lines bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&lines, nil), slog.NewJSONHandler(&lines, nil)} {
		for name, v := range carriers() {
			lines.Reset()
			slog.New(h).Info("login", "token", stage.NewSecret(canary), "carrier", v)
			assert.Contains(t, lines.String(), "(secret)", name)
			assert.NotContains(t, lines.String(), canary, name)
		}
	}
}

func TestSecretsAreAskedForByTheirNames(t *testing.T) {
	s := stage.Declared{Stage: never, Secret: []string{"token", "other"}}
	task := stagetest.NewHost(s, stagetest.Secret("token", canary), stagetest.Secret("undeclared", canary)).Task()
	token, err := task.Secret(t.Context(), "token")
	require.NoError(t, err)
	assert.Equal(t, canary, token.Reveal())
	_, err = task.Secret(t.Context(), "undeclared")
	assert.ErrorIs(t, err, stage.ErrUndeclared)
	assert.EqualError(t, err, "stage subject asks for secret undeclared: not declared: its method Secrets must name it")
	_, err = task.Secret(t.Context(), "other")
	assert.ErrorIs(t, err, stage.ErrNoValue)
	assert.ErrorContains(t, err, "secret other: ")
	task.End()
	_, err = task.Secret(t.Context(), "token")
	assert.ErrorIs(t, err, stage.ErrEnded)

	poor := stage.NewTask(stage.Setup{Stage: "subject", Secrets: []string{"token"}}, struct{ stage.Host }{})
	_, err = poor.Secret(context.Background(), "token")
	assert.EqualError(t, err, "secret token: the host has no secrets")
}
