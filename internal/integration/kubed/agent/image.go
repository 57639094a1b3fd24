package agent

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
)

// pull waits until the image is there, and reports whether it ever was.
func (c *container) pull(ctx context.Context) bool {
	if _, err := reference.ParseNormalizedNamed(c.spec.Image); err != nil {
		text := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", c.spec.Image, c.spec.Image, err)
		c.event(corev1.EventTypeWarning, "InspectFailed", "%s", text)
		c.event(corev1.EventTypeWarning, "Failed", "Error: InvalidImageName")
		c.waiting("InvalidImageName", text)
		select {
		case <-ctx.Done():
		case <-c.ending:
		}
		return false
	}
	tries := backoff{first: c.backoff, most: 30 * c.backoff, n: 1}
	for c.missing.MatchString(c.spec.Image) {
		c.event(corev1.EventTypeNormal, "Pulling", "Pulling image %q", c.spec.Image)
		text := fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", c.spec.Image, c.spec.Image, c.spec.Image)
		c.event(corev1.EventTypeWarning, "Failed", "Failed to pull image %q: rpc error: code = NotFound desc = %s", c.spec.Image, text)
		c.event(corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		c.waiting("ErrImagePull", "rpc error: code = NotFound desc = "+text)
		if !sleep(ctx, c.ending, c.backoff/2) { // a kubelet gets here at its next look
			return false
		}
		c.event(corev1.EventTypeNormal, "BackOff", "Back-off pulling image %q", c.spec.Image)
		c.event(corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
		c.waiting("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: rpc error: code = NotFound desc = %s", c.spec.Image, text))
		if !sleep(ctx, c.ending, tries.next()) {
			return false
		}
	}
	c.event(corev1.EventTypeNormal, "Pulled", "Container image %q already present on machine", c.spec.Image)
	c.mu.Lock() // told with what comes next
	c.status.ImageID = imageID(c.spec.Image)
	c.mu.Unlock()
	return !c.leaves() && ctx.Err() == nil
}

// imageID is the image by digest. One that is not named by digest gets one that its name decides.
func imageID(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	if d, ok := named.(reference.Digested); ok {
		return named.Name() + "@" + d.Digest().String()
	}
	return fmt.Sprintf("%s@sha256:%x", named.Name(), sha256.Sum256([]byte(image)))
}
