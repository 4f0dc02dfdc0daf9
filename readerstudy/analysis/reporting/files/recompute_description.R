# ---------------------------------------------------------------- patients, nodes, times, annotators, flow
BASELINE <- c("age_years", "sex", "primary_site", "pt", "pn", "staging_edition", "scanner", "slice_thickness_mm")
in_folder <- function(name) file.exists(file.path(FOLDER, name))
# A line that R cannot give because its file is not in the folder.
file_of <- function(line) {
  if (line$measure %in% c(BASELINE, "patients", "patients_without_nodes")) return("patients.csv")
  if (grepl("_seconds_per_|^read_|^changed_calls$", line$measure)) return("reading-times.csv")
  if (line$subject == "annotators") return("annotators.csv")
  if (line$measure == "flow") return(c("flow.csv", "patients.csv"))
  character(0)
}
at <- function(part, unit = "node", endpoint = "") here <<- list(part = part, unit = unit, endpoint = endpoint)
put_count <- function(measure, x, view = "", subject = "all", method = "count")
  emit(subject, view, measure, method, estimate = x)

# Divisor n - 1; quartiles interpolate linearly (type 7).
summarised <- function(measure, x, view = "", subject = "all") {
  known <- x[!is.na(x)]; put <- function(method, one) emit(subject, view, measure, method, estimate = one)
  put("known", length(known)); put("unknown", sum(is.na(x)))
  if (!length(known)) return(invisible())
  q <- stats::quantile(known, c(0.25, 0.5, 0.75), type = 7, names = FALSE)
  put("mean", mean(known)); put("standard_deviation", stats::sd(known)); put("total", sum(known))
  put("lower_quartile", q[1]); put("median", q[2]); put("upper_quartile", q[3])
  put("minimum", min(known)); put("maximum", max(known))
}

# ---- tests between groups; `put` gets the test's name and its numbers
of_means <- function(put, one, two) {
  n <- length(one) + length(two)
  usable <- min(length(one), length(two)) > 1 && (length(unique(one)) > 1 || length(unique(two)) > 1)
  for (equal in c(TRUE, FALSE)) {
    name <- if (equal) "student_t" else "welch_t"
    test <- if (usable) stats::t.test(one, two, var.equal = equal)
    if (is.null(test)) put(name, n = n)
    else put(name, statistic = as.numeric(test$statistic), degrees_of_freedom = as.numeric(test$parameter),
             p_two_sided = test$p.value, n = n)
  }
}
of_ranks <- function(put, one, two) {
  n <- length(one) + length(two)
  if (!length(one) || !length(two)) return(put("mann_whitney", n = n))
  exact <- !anyDuplicated(c(one, two)) && max(length(one), length(two)) < 50
  test <- suppressWarnings(stats::wilcox.test(one, two, exact = exact, correct = TRUE))
  put(if (exact) "mann_whitney_exact" else "mann_whitney", statistic = as.numeric(test$statistic),
      p_two_sided = test$p.value, n = n)
}
of_many_means <- function(put, samples) {
  x <- unlist(samples); g <- factor(rep(seq_along(samples), lengths(samples)))
  varies <- any(vapply(samples, function(one) length(unique(one)) > 1, TRUE))
  if (nlevels(g) < 2 || !varies) return(put("one_way_anova", n = length(x)))
  test <- stats::anova(stats::lm(x ~ g))
  put("one_way_anova", statistic = test[1, "F value"], degrees_of_freedom = test[1, "Df"],
      p_two_sided = test[1, "Pr(>F)"], n = length(x))
  put("one_way_anova.within", degrees_of_freedom = test[2, "Df"], n = length(x))
}
of_many_ranks <- function(put, samples) {
  x <- unlist(samples); some <- samples[lengths(samples) > 0]
  if (length(some) < 2 || length(unique(x)) < 2) return(put("kruskal_wallis", n = length(x)))
  test <- stats::kruskal.test(some)
  put("kruskal_wallis", statistic = as.numeric(test$statistic), degrees_of_freedom = as.numeric(test$parameter),
      p_two_sided = test$p.value, n = length(x))
}
# The report's rule: chi-square, or Fisher where an expected count is below 5, but chi-square where
# listing the tables would take too long.
of_counts <- function(put, counts) {
  n <- sum(counts); used <- counts[rowSums(counts) > 0, colSums(counts) > 0, drop = FALSE]
  if (min(dim(used)) < 2) return(put("none", n = n))
  test <- suppressWarnings(stats::chisq.test(used, correct = FALSE)); df <- as.numeric(test$parameter)
  small <- any(test$expected < 5); large <- df > 1 && (n > 2000 || log(n) * df / 2 > log(3e7))
  if (small && !large) return(put("fisher", p_two_sided = fisher_p(used), n = n))
  put(if (small) "pearson_large" else "pearson", statistic = as.numeric(test$statistic), degrees_of_freedom = df,
      p_two_sided = test$p.value, n = n)
}
fisher_p <- function(counts) {
  for (workspace in c(2e5, 2e6, 2e7, 2e8)) {
    p <- tryCatch(stats::fisher.test(counts, workspace = workspace)$p.value, error = function(e) NA)
    if (!is.na(p)) return(p)
  }
  NA
}

# ---- the groups: every cohort that any file names, by name, then all together
optional <- function(name) if (in_folder(name)) read(name)
patients <- optional("patients.csv"); times <- optional("reading-times.csv")
labelled <- optional("annotators.csv"); flow <- optional("flow.csv")
cohorts <- sort(unique(c(data$cohort, patients$cohort, times$cohort, labelled$cohort, flow$cohort)), method = "radix")
part_of <- function(cohort) {
  for (part in PARTS) if (part$kind == "cohort" && part$name == cohort) return(part$key)
  paste("cohort:", cohort)
}
GROUPS <- c(lapply(cohorts, function(cohort) list(key = part_of(cohort), cohorts = cohort)),
            list(list(key = "pooled", cohorts = cohorts)))
of_group <- function(frame, group) frame[frame$cohort %in% group$cohorts, , drop = FALSE]
data$short_axis_mm <- number(data$short_axis_mm)

# ---- patients: those of patients.csv, and those known from their nodes alone
everybody <- function() {
  named <- c("cohort", "patient"); people <- unique(rbind(patients[named], data[named]))
  row <- match(do.call(paste, c(people[named], sep = "\r")), do.call(paste, c(patients[named], sep = "\r")))
  for (column in BASELINE) {
    x <- if (column %in% names(patients)) patients[[column]][row] else rep("", nrow(people))
    people[[column]] <- ifelse(is.na(x), "", x)
  }
  people$slice_thickness_mm <- sub("\\.0$", "", people$slice_thickness_mm)   # 2.0 and 2 are one thickness
  people
}
baseline_tests <- function(people, variable) {
  chosen <- function(subject, of) {
    put <- function(test, ...) emit(subject, "", variable, test, ...)
    known <- people[people[[variable]] != "" & people$cohort %in% of, , drop = FALSE]
    word <- known[[variable]]; group <- factor(known$cohort, of)
    if (variable != "age_years") {
      return(of_counts(put, unclass(table(group, factor(word, unique(people[[variable]]))))))
    }
    samples <- unname(split(number(word), group))
    if (length(of) == 2) { of_means(put, samples[[1]], samples[[2]]); of_ranks(put, samples[[1]], samples[[2]]) }
    else { of_many_means(put, samples); of_many_ranks(put, samples) }
  }
  at("study", "patient")
  if (length(cohorts) > 1) chosen("all cohorts", cohorts)
  if (length(cohorts) > 2) for (other in cohorts[-1]) chosen(paste(other, "against", cohorts[1]), c(cohorts[1], other))
}
baseline <- function() {
  people <- everybody()
  for (group in GROUPS) {
    mine <- of_group(people, group); at(group$key, "patient"); put_count("patients", nrow(mine))
    summarised("age_years", number(mine$age_years))
    put_count("patients_without_nodes", nrow(mine) - length(unique(of_group(data, group)$who)))
    for (variable in BASELINE[-1]) {
      x <- mine[[variable]]; known <- sum(x != "")
      put_count(variable, known, method = "known"); put_count(variable, sum(x == ""), method = "unknown")
      for (one in setdiff(unique(people[[variable]]), ""))
        emit("all", one, variable, "count", numerator = sum(x == one), denominator = known)
    }
  }
  for (variable in BASELINE) baseline_tests(people, variable)
}

# ---- nodes as they are: a category that is not determined stays so, whatever the plan makes of it
described_nodes <- function(rows, key) {
  at(key); truth <- rows$truth; d <- rows$short_axis_mm
  kinds <- c(stats::setNames(lapply(0:2, function(k) truth %in% k), CATEGORIES),
             list(Undetermined = is.na(truth), `All nodes` = rep(TRUE, nrow(rows))))
  for (kind in names(kinds)) {
    put_count("nodes_by_category", sum(kinds[[kind]]), kind)
    summarised("short_axis_mm", d[kinds[[kind]]], kind)
  }
  values <- lapply(0:2, function(k) d[truth %in% k & !is.na(d)])
  of_ranks(function(...) emit("all", "benign_against_metastatic", "short_axis_mm", ...),
           values[[1]], c(values[[2]], values[[3]]))
  of_ranks(function(...) emit("all", "metastasis_without_against_with_ene", "short_axis_mm", ...),
           values[[2]], values[[3]])
  of_many_ranks(function(...) emit("all", "three_categories", "short_axis_mm", ...), values)
  for (endpoint in c("metastasis", "ene", "ene_among_metastatic")) {
    at(key, endpoint = endpoint)
    asked <- !is.na(truth) & !(endpoint == "ene_among_metastatic" & truth %in% 0); used <- asked & !is.na(d)
    put_count("auc", sum(asked) - sum(used), "continuous", "short-axis diameter", "unknown")
    areas("short-axis diameter", "continuous", as.numeric(is_disease(truth[used], endpoint)), d[used], rows$who[used])
  }
}
described_patients <- function(rows, key) {
  at(key, "patient"); who <- factor(rows$who, unique(rows$who)); n <- nlevels(who)
  put_count("patients_with_nodes", n); summarised("nodes_per_patient", as.numeric(table(who)))
  for (least in 1:2) {
    measure <- c("patients_with_metastasis", "patients_with_ene")[least]
    yes <- unique(rows$who[rows$truth %in% least:2]); open <- setdiff(rows$who[is.na(rows$truth)], yes)
    emit("all", "", measure, "count", numerator = length(yes), denominator = n)
    put_count(measure, length(open), method = "unknown")
  }
}

# ---- reading times
reading_times <- function() for (reader in c(READERS, setdiff(times$reader, READERS))) for (group in GROUPS) {
  mine <- of_group(times[times$reader == reader, , drop = FALSE], group); nodes <- number(mine$nodes); at(group$key)
  put_count("read_cases", nrow(mine), subject = reader); put_count("read_nodes", sum(nodes), subject = reader)
  put_count("read_cases_without_nodes", sum(nodes == 0), subject = reader)
  put_count("changed_calls", sum(number(mine$changed_calls)), subject = reader)
  for (clock in c("active", "total")) {
    seconds <- number(mine[[paste0(clock, "_seconds")]]); some <- nodes > 0
    summarised(paste0(clock, "_seconds_per_case"), seconds, subject = reader)
    summarised(paste0(clock, "_seconds_per_node"), seconds[some] / nodes[some], subject = reader)
  }
}

# ---- both annotators
labels_counted <- function(view, pair, values) {
  put_count("annotated_nodes", nrow(pair), view, "annotators")
  for (one in values) for (two in values)
    put_count("annotated_nodes", sum(pair[, 1] == one & pair[, 2] == two), view, "annotators",
              sprintf("cells.%d.%d", one, two))
  proportion("annotators", view, "percent_agreement", sum(pair[, 1] == pair[, 2]), nrow(pair))
}
labels_coded <- function(view, pair, values) {
  labels_counted(view, pair, values)
  away <- abs(outer(seq_along(values), seq_along(values), `-`)) / (length(values) - 1)
  weights <- list(unweighted = 1 * (away == 0), linear = 1 - away, quadratic = 1 - away^2)
  for (name in names(weights)[if (length(values) > 2) 1:3 else 1])
    weighted_kappa("annotators", view, name, pair, values, weights[[name]])
  if (nrow(pair)) gwet(view, "gwet_ac1", "gwet", matrix(tally(pair, values), nrow(pair)), "gwet", "annotators")
  else emit("annotators", view, "gwet_ac1", "gwet", n = 0)
}
annotators <- function() for (group in GROUPS) {
  mine <- of_group(labelled, group); at(group$key)
  pair <- cbind(number(mine$first), number(mine$second)); both <- pair[rowSums(pair == 9) == 0, , drop = FALSE]
  labels_counted("four_answers", pair, c(0, 1, 2, 9))
  put_count("annotated_nodes", nrow(pair) - nrow(both), "four_answers", "annotators", "not_determinable")
  labels_coded("three_categories", both, 0:2)
  for (endpoint in c("metastasis", "ene")) {
    at(group$key, endpoint = endpoint)
    labels_coded("binary", matrix(as.numeric(is_disease(both, endpoint)), ncol = 2), 0:1)
  }
}

# ---- flow
put_flow <- function(key, step, patients, nodes, subject = "all") {
  at(key, "patient"); put_count("flow", patients, step, subject)
  at(key, "node"); put_count("flow", nodes, step, subject)
}
flow_of <- function(group) {
  rows <- of_group(data, group); put_flow(group$key, "read", length(unique(rows$who)), nrow(rows))
  for (reader in READERS) put_count("flow", sum(is.na(rows[[reader]])), "missing call", reader)
  for (endpoint in c("metastasis", "ene")) {
    at(group$key, endpoint = endpoint)
    put_count("flow", sum(is.na(rows[[paste0("score_", endpoint)]])), "missing score", "model")
  }
  if (is.null(flow)) return(invisible())
  mine <- of_group(flow, group); codes <- mine$exclusion_code
  sums <- function(keep) c(sum(number(mine$patients)[keep]), sum(number(mine$nodes)[keep]))
  rest <- list(cohorts = setdiff(group$cohorts, flow$cohort))   # without a flow: included is what was read
  if (length(rest$cohorts) && is.null(patients)) return(invisible())
  more <- if (!length(rest$cohorts)) c(0, 0) else c(nrow(of_group(everybody(), rest)), nrow(of_group(data, rest)))
  kept <- sums(codes == "") + more; put_flow(group$key, "included", kept[1], kept[2])
  if (length(rest$cohorts) || !length(group$cohorts)) return(invisible())
  all_of <- sums(rep(TRUE, nrow(mine))); put_flow(group$key, "assessed", all_of[1], all_of[2])
  for (code in setdiff(codes, "")) {
    out <- sums(codes == code); put_flow(group$key, "excluded", out[1], out[2], code)
  }
}
if (DESCRIBED) {
  for (group in GROUPS) {
    rows <- of_group(data, group); described_nodes(rows, group$key); described_patients(rows, group$key); flow_of(group)
  }
  if (!is.null(patients)) baseline()
  if (!is.null(times)) reading_times()
  if (!is.null(labelled)) annotators()
}
