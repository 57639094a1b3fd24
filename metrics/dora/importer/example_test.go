package importer_test

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

func ExampleCSV() {
	file := strings.NewReader(`type,id,service,environment,time,changes
change,c1,,,2025-03-03T07:00:00Z,
deployment,d1,shop,production,2025-03-03T09:00:00Z,c1
deployment,d2,shop,production,3 March,
`)
	var history dora.History
	for event, err := range importer.CSV(file, importer.Options{}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		if err := history.Add(event); err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := history.Report(dora.Rules{}, dora.Query{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("lead time:", report.LeadTime.P50, "s")
	// Output:
	// line 4: time: "3 March" is no time as in RFC 3339, such as 2025-03-03T09:00:00Z
	// lead time: 7200 s
}

func ExampleCDEvents() {
	file := strings.NewReader(`{"context":{"id":"e1","source":"/ci","type":"dev.cdevents.service.deployed.0.3.0","timestamp":"2025-03-03T09:00:00Z"},
 "subject":{"id":"shop","content":{"environment":{"id":"production"},"artifactId":"pkg:oci/shop@1.4.0"}}}`)
	read, err := importer.CDEvents(file, importer.CDEventsOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range read.Events {
		d := event.(dora.Deployment)
		fmt.Println(d.Service, d.Environment, d.Version)
	}
	for _, remark := range read.Remarks {
		fmt.Printf("line %d: %s\n", remark.Line, remark.Code)
	}
	// Output:
	// shop production pkg:oci/shop@1.4.0
	// line 1: no-changes
}
