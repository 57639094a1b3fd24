package plane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// gateway is the module with the Gateway API, at the version that this program is built with.
const gateway = "sigs.k8s.io/gateway-api"

// installed are the types that the edge and its users need.
var installed = []string{"gatewayclasses", "gateways", "httproutes"}

// installRoutes makes the types of the Gateway API known, of its standard channel, and waits until they can be
// used.
func installRoutes(ctx context.Context, config *rest.Config) error {
	dir, err := gatewayFolder(ctx)
	if err != nil {
		return err
	}
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	types := client.ApiextensionsV1().CustomResourceDefinitions()
	all, ctx := errgroup.WithContext(ctx)
	for _, name := range installed {
		all.Go(func() error {
			text, err := os.ReadFile(filepath.Join(dir, "config", "crd", "standard", "gateway.networking.k8s.io_"+name+".yaml"))
			if err != nil {
				return err
			}
			var definition apiextensions.CustomResourceDefinition
			if err := yaml.UnmarshalStrict(text, &definition); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if _, err := types.Create(ctx, &definition, metav1.CreateOptions{}); err != nil {
				return err
			}
			return wait.PollUntilContextTimeout(ctx, pace, startPatience, true, func(ctx context.Context) (bool, error) {
				now, err := types.Get(ctx, definition.Name, metav1.GetOptions{})
				if err != nil {
					return false, err
				}
				for _, c := range now.Status.Conditions {
					if c.Type == apiextensions.Established && c.Status == apiextensions.ConditionTrue {
						return true, nil
					}
				}
				return false, nil
			})
		})
	}
	return all.Wait()
}

// gatewayFolder is where the module's files are: in the module cache, where the build has put them.
func gatewayFolder(ctx context.Context) (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("this program was built without information on its modules")
	}
	for _, m := range info.Deps {
		if m.Path != gateway {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", gateway+"@"+m.Version)
		cmd.Dir = os.TempDir() // whatever module it is started in
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w: %s", cmd, err, out)
		}
		var at struct{ Dir string }
		return at.Dir, json.Unmarshal(out, &at)
	}
	return "", fmt.Errorf("this program was built without %s", gateway)
}
