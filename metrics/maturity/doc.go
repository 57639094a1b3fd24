// Package maturity (PURE) says how mature delivery is, by models that are data, and proves it by what was recorded, as far as that can be.
//
// Whoever keeps records of releases imports it, and gets no engine with it; [github.com/davit-sdk/davit/release/delivery/practice] makes them of the events of package release:
//
//	model, err := maturity.Named("delivery")
//	...
//	a, err := maturity.Assess(model, maturity.Input{At: now, Services: services, Releases: releases, Declarations: declarations, History: &history})
//	fmt.Print(a.Text())
//
// # Models
//
// A [Model] has dimensions, a dimension has practices, and each practice belongs to a level, from 1. [Models] has four: "delivery" for continuous
// delivery, with legacy systems and collaboration; "cncf", the Cloud Native Maturity Model; "dsomm", OWASP's DevSecOps Maturity Model; and "dora", the clusters of
// DORA's report of 2023. The practices are named in words of our own, each with the section of the source that it stands for; which evidence counts for one, and what it takes, is
// our reading, and none of those who publish the models has a part in it. One of your own is a plain struct, or JSON for [Decode].
//
// # When a practice holds, and a level
//
// A practice holds by evidence in the records (a [Check]), by a [Declaration] of somebody, or by both: its [Basis] says which. Each is yes, no or
// unknown; unknown does not count as held, and is told apart from no. A declaration that is older than Practice.StaleDays is unknown. Where evidence says something else than
// a declaration, evidence counts, and the contradiction is shown.
//
// A level of a dimension is reached when all of its practices hold, and those of all levels below. Possible is the level that would be reached if all that is unknown held: the truth is somewhere between the two.
//
// # What evidence is
//
// Each [Fact] says what it counts, and in which unit. Counted is what ended in the days before Input.At, the end excluded. Records in which something is missing (who deployed, a
// strategy, who approved, or, unless they are Release.Whole, whether that is all) are neither for nor against: a check holds only if it held whatever they were, and fails only if it failed whatever they were.
// Shares are divided by all, the missing ones included; medians take the missing ones for the least, and for the most. Where there are fewer samples than Check.MinN, those that lack
// are as such records. That nothing failed is known where failures are told of, see Service.FailuresTold. So, more evidence for a practice never lowers a level.
//
// # What comes next
//
// [Advice] names the practices that the next level lacks, the best first: by impact times services, divided by effort. Where that is equal, first comes what fewer others have to join for the level, then the lower level,
// then the order of the model.
//
// # Over several services
//
// A [Spread] has the lowest level, the services that are there, and how many are on each level. There is no average: it hides the one that breaks.
//
// # Sources
//
//   - CNCF Cloud Native Maturity Model, github.com/cncf/cartografos, reference/v4beta1 (people, process, policy, technology, business_outcomes).
//   - OWASP DevSecOps Maturity Model 4.3.1, github.com/devsecopsmaturitymodel/DevSecOps-MaturityModel-data: levels, usefulness (here the impact) and the
//     greatest of its three difficulties (here the effort).
//   - For "delivery": the areas of the Continuous Delivery Maturity Model of Xebia and those of Nobl9's guide; limits of lead time, failure rate and recovery from DORA's report of 2023.
//   - For "dora": DORA's report of 2023, with the limits as Apache DevLake has them.
//
// # Errors
//
// [Model.Validate], [Decode] and [Assess] report every problem at once, each with its field. [ErrUnknownModel] is that of [Named].
//
// # Concurrency
//
// All of it are functions of their input: the same records give the same assessment, byte for byte, in whatever order they come.
package maturity
