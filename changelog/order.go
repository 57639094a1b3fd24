package changelog

import (
	"fmt"
	"slices"
	"strings"
)

// CycleError says that components depend on each other in a circle.
type CycleError struct {
	// Names are the components of the circle; the first one depends on the second, and the last one on the first.
	Names []string
}

func (e *CycleError) Error() string {
	return fmt.Sprintf("the components depend on each other in a circle: %s -> %s", strings.Join(e.Names, " -> "), e.Names[0])
}

// inOrder are the indices of the components, dependencies first, and otherwise in their order. Names that are not there
// are passed over.
func inOrder(components []Component) ([]int, error) {
	index := map[string]int{}
	for i, c := range components {
		index[c.Name] = i
	}
	order := make([]int, 0, len(components))
	done, open := make([]bool, len(components)), []int(nil)
	var visit func(i int) error
	visit = func(i int) error {
		if done[i] {
			return nil
		}
		if at := slices.Index(open, i); at >= 0 {
			circle := &CycleError{}
			for _, k := range open[at:] {
				circle.Names = append(circle.Names, components[k].Name)
			}
			return circle
		}
		open = append(open, i)
		for _, name := range components[i].DependsOn {
			if k, ok := index[name]; ok {
				if err := visit(k); err != nil {
					return err
				}
			}
		}
		open = open[:len(open)-1]
		done[i], order = true, append(order, i)
		return nil
	}
	for i := range components {
		if err := visit(i); err != nil {
			return nil, err
		}
	}
	return order, nil
}
