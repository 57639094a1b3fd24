package house_test

import (
	_ "github.com/Masterminds/semver/v3"
	_ "github.com/hashicorp/go-hclog"
	_ "github.com/hashicorp/go-multierror"
	_ "github.com/stretchr/testify/assert"
	_ "github.com/stretchr/testify/require"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sync/semaphore"
	_ "golang.org/x/sync/singleflight"
)
