# Recomputes the numbers of a Nodewise report from its data files and compares them with results.csv.
#
#   Rscript recompute.R [folder]        folder: where dataset.csv and results.csv lie (default: here)
#
# For the describing tables also patients.csv, reading-times.csv, annotators.csv and flow.csv; the numbers
# of a file that is not there are listed as not recomputed.
# Writes differences.csv beside them, prints what differs and what was not recomputed, and ends with
# exit status 1 when a difference is above tolerance or a number is missing on one side.
# Uses pROC and irr where they are installed, and base R where they are not.
# Nothing is shared with the program that made results.csv: every formula stands here again.

#@SETTINGS@

FOLDER <- c(commandArgs(trailingOnly = TRUE), ".")[1]
RELATIVE <- 1e-6     # of estimates, standard errors, limits, statistics
RELATIVE_P <- 1e-5   # of P values
ABSOLUTE <- 1e-9     # near zero; not for P values
ROUNDING <- 1e-12    # what is zero but for rounding

options(width = 150)
HAS_PROC <- requireNamespace("pROC", quietly = TRUE)
HAS_IRR <- requireNamespace("irr", quietly = TRUE)
say <- function(...) cat(sprintf(...), "\n", sep = "")
say("R %s; pROC %s; irr %s", as.character(getRversion()),
    if (HAS_PROC) as.character(utils::packageVersion("pROC")) else "absent: DeLong in base R instead",
    if (HAS_IRR) as.character(utils::packageVersion("irr")) else "absent: kappa in base R instead")

Z <- qnorm((1 + LEVEL) / 2)
QUANTITIES <- c("estimate", "standard_error", "lower", "upper", "statistic", "degrees_of_freedom",
                "p_two_sided", "numerator", "denominator", "n", "n_positive")

# ---------------------------------------------------------------- the numbers of R, one by one
found <- new.env(); found$rows <- new.env(hash = TRUE, size = 65536L); found$n <- 0L
here <- list(part = "", unit = "node", endpoint = "")

emit <- function(subject, view, measure, method, ...) {
  values <- list(...)
  values <- values[!vapply(values, function(v) is.null(v) || length(v) != 1 || is.na(v), TRUE)]
  if (!length(values)) return(invisible())
  key <- paste(here$part, here$unit, here$endpoint, subject, view, measure, method, names(values), sep = "\r")
  found$n <- found$n + 1L
  assign(sprintf("%09d", found$n), list(key = key, value = as.numeric(unlist(values))), envir = found$rows)
}

# ---------------------------------------------------------------- nodes of an endpoint
truth_of <- function(truth) {
  filled <- switch(UNDETERMINED, leave_out = NA, as_benign = 0, as_metastasis = 1)
  ifelse(is.na(truth), filled, truth)
}
is_disease <- function(category, endpoint) {
  if (endpoint == "metastasis") category >= 1 else category == 2
}
score_column <- function(endpoint) if (endpoint == "metastasis") "score_metastasis" else "score_ene"

endpoint_rows <- function(rows, endpoint) {
  truth <- truth_of(rows$truth)
  keep <- !is.na(truth) & !(endpoint == "ene_among_metastatic" & truth %in% 0)
  rows <- rows[keep, , drop = FALSE]
  rows$label <- as.numeric(is_disease(truth[keep], endpoint))
  rows$score <- rows[[score_column(endpoint)]]
  rows
}
# The same-node guard: nodes that every side has a value for.
common <- function(rows, sides) {
  keep <- rep(TRUE, nrow(rows))
  for (side in sides) {
    if (side == "model") keep <- keep & !is.na(rows$score)
    else if (CALLS != "as_wrong") keep <- keep & !is.na(rows[[side]])
  }
  rows[keep, , drop = FALSE]
}
# Confidence is asked of nodes that every reader of a comparison gave one for.
confidence_column <- function(reader, endpoint)
  paste0("confidence_", if (endpoint == "metastasis") "metastasis_" else "ene_", reader)
seen <- function(rows, readers, view, endpoint) {
  if (view != "confidence") return(rows)
  keep <- rep(TRUE, nrow(rows))
  for (column in confidence_column(readers, endpoint))
    keep <- keep & if (column %in% names(rows)) !is.na(rows[[column]]) else FALSE
  rows[keep, , drop = FALSE]
}
value <- function(rows, side, view, endpoint) {
  if (side == "model") return(rows$score)
  if (view == "confidence") return(rows[[confidence_column(side, endpoint)]])
  call <- rows[[side]]
  worst <- if (view == "binary") c(0, 1) else c(0, 2)
  x <- if (view == "binary") as.numeric(is_disease(call, endpoint)) else call
  if (CALLS == "as_wrong") x <- ifelse(is.na(call), ifelse(rows$label == 1, worst[1], worst[2]), x)
  as.numeric(x)
}

node_counts <- function(subject, rows) {
  y <- rows$label
  counts <- c(n = nrow(rows), n_positive = sum(y), n_negative = sum(1 - y),
              n_patients = length(unique(rows$who)),
              n_patients_positive = length(unique(rows$who[y == 1])),
              n_patients_negative = length(unique(rows$who[y == 0])))
  for (name in names(counts)) emit(subject, "", "nodes", name, estimate = counts[[name]])
}
available <- function(subject, all, sides) for (side in sides) {
  x <- if (side == "model") all$score else all[[side]]
  emit(subject, "", "nodes", paste0("available.", side), estimate = sum(!is.na(x)))
}
left_out <- function(subject, all, sides) {
  kept <- rownames(all) %in% rownames(common(all, sides))
  for (side in sides) {
    missing <- is.na(if (side == "model") all$score else all[[side]]) & !kept
    reason <- if (side == "model") "model_score_missing" else "reader_call_missing"
    name <- paste0("left_out.", reason, " ", side, ".n")
    if (any(missing)) emit(subject, "", "nodes", name, estimate = sum(missing))
  }
}
sides_of <- function(subject, all, used, sides) {
  node_counts(subject, used); available(subject, all, sides); left_out(subject, all, sides)
}

# ---------------------------------------------------------------- areas under the curve
# DeLong 1988: placements of the positives and of the negatives (ties one half), by ranks.
placements <- function(y, x) {
  m <- sum(y == 1); n <- sum(y == 0)
  if (m == 0 || n == 0) return(NULL)
  pos <- x[y == 1]; neg <- x[y == 0]
  ranks <- rank(c(pos, neg))
  list(v10 = (ranks[seq_len(m)] - rank(pos)) / n,
       v01 = 1 - (ranks[m + seq_len(n)] - rank(neg)) / m,
       auc = (sum(ranks[seq_len(m)]) - m * (m + 1) / 2) / (m * n))
}
weighted <- function(placed, w, part) Reduce(`+`, Map(function(p, one) one * p[[part]], placed, w))
constant <- function(x) max(x) - min(x) <= ROUNDING
delong_variance <- function(placed, w) {
  v10 <- weighted(placed, w, "v10"); v01 <- weighted(placed, w, "v01")
  if (length(v10) < 2 || length(v01) < 2) return(NA)
  if (constant(v10) && constant(v01)) return(0)
  stats::var(v10) / length(v10) + stats::var(v01) / length(v01)
}
# Obuchowski 1997, equations 6 to 8: residual placements summed by patient.
clustered_variance <- function(placed, w, y, who) {
  who <- factor(who); groups <- nlevels(who)
  a <- sum(w * vapply(placed, `[[`, 0, "auc"))
  sums <- function(v, of) { s <- tapply(v - a, of, sum); s[is.na(s)] <- 0; as.numeric(s) }
  m <- sum(y == 1); n <- sum(y == 0)
  i10 <- length(unique(who[y == 1])); i01 <- length(unique(who[y == 0]))
  if (min(i10, i01) < 2) return(NA)
  x <- sums(weighted(placed, w, "v10"), who[y == 1]); z <- sums(weighted(placed, w, "v01"), who[y == 0])
  s10 <- i10 / ((i10 - 1) * m) * sum(x^2)
  s01 <- i01 / ((i01 - 1) * n) * sum(z^2)
  s11 <- groups / (groups - 1) * sum(x * z)
  v <- s10 / m + s01 / n + 2 * s11 / (m * n)
  if (abs(v) <= ROUNDING^2) 0 else v
}
hanley_mcneil_se <- function(a, m, n) {
  q1 <- a / (2 - a); q2 <- 2 * a^2 / (1 + a)
  sqrt(max(0, (a * (1 - a) + (m - 1) * (q1 - a^2) + (n - 1) * (q2 - a^2)) / (m * n)))
}
emit_area <- function(subject, view, method, a, v, y) {
  se <- if (is.na(v) || v < 0) NA else sqrt(v)
  limits <- c(max(0, a - Z * se), min(1, a + Z * se))
  emit(subject, view, "auc", method, estimate = a, standard_error = se, lower = limits[1],
       upper = limits[2], n = length(y), n_positive = sum(y))
  if (!is.na(se) && a > 0 && a < 1) {
    half <- Z * se / (a * (1 - a))
    emit(subject, view, "auc", paste0(method, ".logit_interval"),
         lower = plogis(qlogis(a) - half), upper = plogis(qlogis(a) + half))
  }
}
areas <- function(subject, view, y, x, who) {
  p <- placements(y, x)
  if (is.null(p)) {
    for (method in c("delong", "patient_clustered"))
      emit(subject, view, "auc", method, n = length(y), n_positive = sum(y))
    return(emit(subject, view, "auc", "hanley_mcneil", n = length(y)))
  }
  a <- p$auc; v <- delong_variance(list(p), 1)
  emit_area(subject, view, "delong", a, v, y)
  if (HAS_PROC && !is.na(v) && v > 0) {   # pROC's own numbers replace the ones of base R
    curve <- pROC::roc(y, x, levels = c(0, 1), direction = "<", quiet = TRUE)
    limits <- as.numeric(pROC::ci.auc(curve, method = "delong", conf.level = LEVEL))
    emit(subject, view, "auc", "delong", estimate = as.numeric(pROC::auc(curve)),
         standard_error = sqrt(pROC::var(curve, method = "delong")),
         lower = limits[1], upper = limits[3])
  }
  emit_area(subject, view, "patient_clustered", a, clustered_variance(list(p), 1, y, who), y)
  m <- sum(y); n <- length(y) - m; se <- hanley_mcneil_se(a, m, n)
  emit(subject, view, "auc", "hanley_mcneil", estimate = a, standard_error = se,
       lower = max(0, a - Z * se), upper = min(1, a + Z * se), n = length(y))
}
emit_contrast <- function(subject, view, measure, method, estimate, v, y) {
  se <- if (is.na(v) || v < 0) NA else sqrt(v)
  statistic <- NA
  if (!is.na(se)) {
    if (se > 0) statistic <- estimate / se
    else if (abs(estimate) <= ROUNDING) statistic <- 0
  }
  emit(subject, view, measure, method, estimate = estimate, standard_error = se,
       lower = estimate - Z * se, upper = estimate + Z * se, statistic = statistic,
       p_two_sided = 2 * pnorm(-abs(statistic)), n = length(y), n_positive = sum(y))
}
# A weighted sum of areas on the same nodes, DeLong's and Obuchowski's variance of it.
contrast <- function(subject, view, measure, curves, w, y, who, methods) {
  placed <- lapply(curves, function(x) placements(y, x))
  if (is.null(placed[[1]])) {
    for (method in methods) emit(subject, view, measure, method, n = length(y), n_positive = sum(y))
    return(invisible())
  }
  estimate <- sum(w * vapply(placed, `[[`, 0, "auc"))
  emit_contrast(subject, view, measure, methods[1], estimate, delong_variance(placed, w), y)
  emit_contrast(subject, view, measure, methods[2], estimate, clustered_variance(placed, w, y, who), y)
}
paired_by_proc <- function(subject, view, curves, y) {
  placed <- lapply(curves, function(x) placements(y, x))
  if (!HAS_PROC || is.null(placed[[1]])) return(invisible())
  v <- delong_variance(placed, c(1, -1))
  if (is.na(v) || v == 0) return(invisible())
  roc <- function(x) pROC::roc(y, x, levels = c(0, 1), direction = "<", quiet = TRUE)
  test <- pROC::roc.test(roc(curves[[1]]), roc(curves[[2]]), paired = TRUE, method = "delong")
  emit(subject, view, "auc_difference", "delong", statistic = as.numeric(test$statistic),
       p_two_sided = test$p.value)
}
# Obuchowski and Rockette 1995 with the degrees of freedom of Hillis 2007: readers are a sample.
delong_covariance <- function(placed) {
  v10 <- do.call(cbind, lapply(placed, `[[`, "v10")); v01 <- do.call(cbind, lapply(placed, `[[`, "v01"))
  if (nrow(v10) < 2 || nrow(v01) < 2) return(NULL)
  stats::cov(v10) / nrow(v10) + stats::cov(v01) / nrow(v01)
}
clustered_covariance <- function(placed, y, who) {
  who <- factor(who); groups <- nlevels(who); m <- sum(y == 1); n <- sum(y == 0)
  i10 <- length(unique(who[y == 1])); i01 <- length(unique(who[y == 0]))
  if (min(i10, i01) < 2) return(NULL)
  sums <- function(part, of) sapply(placed, function(p) {
    total <- tapply(p[[part]] - p$auc, of, sum); total[is.na(total)] <- 0; as.numeric(total)
  })
  x <- matrix(sums("v10", who[y == 1]), groups); z <- matrix(sums("v01", who[y == 0]), groups)
  s11 <- groups / (groups - 1) * t(x) %*% z
  i10 / ((i10 - 1) * m) * t(x) %*% x / m + i01 / ((i01 - 1) * n) * t(z) %*% z / n + (s11 + t(s11)) / (m * n)
}
random_readers <- function(subject, view, measure, method, curves, minus_model, y, who = NULL) {
  placed <- lapply(curves, function(x) placements(y, x))
  readers <- setdiff(names(curves), "model"); J <- length(readers)
  emit(subject, view, measure, paste0(method, ".n_readers"), estimate = J)
  if (is.null(placed[[1]])) return(invisible())
  auc <- vapply(placed, `[[`, 0, "auc")
  L <- matrix(0, J, length(curves), dimnames = list(readers, names(curves)))
  for (reader in readers) { L[reader, reader] <- 1; if (minus_model) L[reader, "model"] <- -1 }
  psi <- as.numeric(L %*% auc)
  S <- if (is.null(who)) delong_covariance(placed) else clustered_covariance(placed, y, who)
  ms <- if (J > 1) stats::var(psi) else 0
  if (is.null(S) || ms == 0) return(emit(subject, view, measure, method, estimate = mean(psi)))
  S <- L %*% S %*% t(L); cov2 <- mean(S[row(S) != col(S)])
  spread <- ms + max(J * cov2, 0); se <- sqrt(spread / J); df <- spread^2 / (ms^2 / (J - 1))
  q <- qt((1 + LEVEL) / 2, df); t <- mean(psi) / se
  emit(subject, view, measure, method, estimate = mean(psi), standard_error = se,
       degrees_of_freedom = df, lower = mean(psi) - q * se, upper = mean(psi) + q * se,
       statistic = t, p_two_sided = 2 * pt(-abs(t), df))
  emit(subject, view, measure, paste0(method, ".ms_reader"), estimate = ms)
  emit(subject, view, measure, paste0(method, ".cov2"), estimate = cov2)
}

# ---------------------------------------------------------------- proportions, operating points
proportion <- function(subject, view, measure, x, n, prefix = "") {
  name <- function(method) paste0(prefix, method)
  if (n == 0) {
    for (method in c("wilson", "clopper_pearson"))
      emit(subject, view, measure, name(method), numerator = 0, denominator = 0)
    return(invisible())
  }
  w <- suppressWarnings(prop.test(x, n, correct = FALSE, conf.level = LEVEL))$conf.int
  e <- binom.test(x, n, conf.level = LEVEL)$conf.int
  emit(subject, view, measure, name("wilson"), estimate = x / n, lower = w[1], upper = w[2],
       numerator = x, denominator = n)
  emit(subject, view, measure, name("clopper_pearson"), estimate = x / n, lower = e[1], upper = e[2],
       numerator = x, denominator = n)
}
counts <- function(subject, view, y, call) {
  tp <- sum(call & y == 1); fn <- sum(!call & y == 1); fp <- sum(call & y == 0); tn <- sum(!call & y == 0)
  four <- c(true_positives = tp, false_negatives = fn, false_positives = fp, true_negatives = tn)
  for (name in names(four)) emit(subject, view, name, "count", estimate = four[[name]])
  proportion(subject, view, "sensitivity", tp, tp + fn); proportion(subject, view, "specificity", tn, tn + fp)
  proportion(subject, view, "accuracy", tp + tn, length(y))
  proportion(subject, view, "ppv", tp, tp + fp); proportion(subject, view, "npv", tn, tn + fn)
}
roc_points <- function(y, x) {
  t <- c(Inf, sort(unique(x), decreasing = TRUE))
  data.frame(threshold = t, tp = vapply(t, function(c) sum(y == 1 & x >= c), 0),
             fp = vapply(t, function(c) sum(y == 0 & x >= c), 0))
}
# A threshold fixed with the model version may be one of the probability (the logistic of the score).
model_calls <- function(x, cut) {
  if (isTRUE(cut$on_probability)) x <- plogis(x)
  if (isTRUE(cut$strict)) x > cut$threshold else x >= cut$threshold
}
emit_point <- function(view, cut, y, x) {
  if (is.finite(cut$threshold)) emit("model", view, "threshold", "observed score", estimate = cut$threshold)
  counts("model", view, y, model_calls(x, cut))
}
operating_points <- function(y, x, fixed) {
  cuts <- list()
  if (!is.null(fixed)) { cuts$fixed <- fixed; emit_point("fixed", fixed, y, x) }
  m <- sum(y == 1); n <- sum(y == 0)
  if (m == 0 || n == 0) return(cuts)
  points <- roc_points(y, x)
  gain <- points$tp * n - points$fp * m          # Youden's index in integers; ties: highest threshold
  best <- which.max(gain)
  cuts$youden <- list(threshold = points$threshold[best])
  emit("model", "youden", "youden_j", "count", estimate = gain[best] / (m * n))
  emit_point("youden", cuts$youden, y, x)
  for (target in TARGETS) {
    view <- paste0("fpr", target)
    last <- max(which(100 * points$fp <= target * n))
    cut <- list(threshold = points$threshold[last])
    emit_point(view, cut, y, x)
    if (target == 10) cuts$fpr10 <- cut
    hits <- points$tp[last]
    if (last < nrow(points)) {
      right <- points[last + 1, ]
      hits <- hits + (target * n - 100 * points$fp[last]) * (right$tp - hits) /
        (100 * (right$fp - points$fp[last]))
    }
    spec <- 1 - target / 100
    emit("model", view, "sensitivity", "interpolated", estimate = hits / m)
    emit("model", view, "specificity", "interpolated", estimate = spec)
    emit("model", view, "accuracy", "interpolated", estimate = (hits + spec * n) / (m + n))
  }
  cuts
}

# ---------------------------------------------------------------- paired proportions
wilson_limits <- function(x, n) {
  c(max(0, (x + Z^2 / 2) / (n + Z^2) - Z / (n + Z^2) * sqrt(x * (n - x) / n + Z^2 / 4)),
    min(1, (x + Z^2 / 2) / (n + Z^2) + Z / (n + Z^2) * sqrt(x * (n - x) / n + Z^2 / 4)))
}
newcombe <- function(a, b, c, d) {   # Newcombe 1998, method 10
  n <- a + b + c + d; p1 <- (a + b) / n; p2 <- (a + c) / n
  w1 <- wilson_limits(a + b, n); w2 <- wilson_limits(a + c, n)
  product <- as.numeric(a + b) * (c + d) * (a + c) * (b + d); phi <- 0
  if (product > 0) {
    top <- a * d - b * c
    phi <- (if (top > 0) max(top - n / 2, 0) else top) / sqrt(product)
  }
  side <- function(one, two) sqrt(max(0, one^2 - 2 * phi * one * two + two^2))
  (b - c) / n + c(-1, 1) * c(side(p1 - w1[1], w2[2] - p2), side(w1[2] - p1, p2 - w2[1]))
}
tango <- function(a, b, c, d) {      # Tango 1998, score interval
  n <- a + b + c + d
  excess <- function(delta) {
    linear <- -b - c + (2 * n - b + c) * delta
    p21 <- (sqrt(max(0, linear^2 + 8 * n * c * delta * (1 - delta))) - linear) / (4 * n)
    (b - c - n * delta)^2 - Z^2 * n * max(0, 2 * p21 + delta * (1 - delta))
  }
  limit <- function(border) {
    if (excess(border) <= 0) return(border)
    outer <- border; inner <- (b - c) / n
    for (i in 1:100) { mid <- (outer + inner) / 2; if (excess(mid) > 0) outer <- mid else inner <- mid }
    outer
  }
  base::c(limit(-1), limit(1))
}
mcnemar <- function(subject, view, measure, prefix, one, two) {
  a <- sum(one & two); b <- sum(one & !two); c <- sum(!one & two); d <- sum(!one & !two); n <- a + b + c + d
  put <- function(method, ...) emit(subject, view, measure, paste0(prefix, ".", method), ...)
  put("counts.both", estimate = a); put("counts.first_only", estimate = b)
  put("counts.second_only", estimate = c); put("counts.neither", estimate = d)
  k <- min(b, c); t <- b + c
  put("exact_p", p_two_sided = if (t == 0) 1 else binom.test(b, t, 0.5)$p.value)
  put("mid_p", p_two_sided = if (t == 0) 1 else if (b == c) 1 - dbinom(k, t, 0.5) / 2
      else min(1, 2 * pbinom(k, t, 0.5) - dbinom(k, t, 0.5)))
  if (t > 0) for (correct in c(FALSE, TRUE)) {
    test <- mcnemar.test(matrix(base::c(a, c, b, d), 2), correct = correct)
    put(if (correct) "chi2_corrected" else "chi2", statistic = as.numeric(test$statistic),
        degrees_of_freedom = 1, p_two_sided = test$p.value)
  }
  if (n == 0) return(invisible())
  put("proportion_first", estimate = (a + b) / n); put("proportion_second", estimate = (a + c) / n)
  put("difference", estimate = (b - c) / n)
  clip <- function(l) base::c(max(-1, l[1]), min(1, l[2]))
  l <- clip(newcombe(a, b, c, d)); put("newcombe", lower = l[1], upper = l[2])
  l <- clip(tango(a, b, c, d)); put("tango", lower = l[1], upper = l[2])
  l <- clip((b - c) / n + base::c(-1, 1) * Z * sqrt(max(0, b + c - (b - c)^2 / n)) / n)
  put("wald", lower = l[1], upper = l[2])
}
# Obuchowski 1998, Durkalski 2003, Yang 2010, Eliasziw and Donner 1991: one table per patient.
clustered_mcnemar <- function(subject, view, measure, prefix, one, two, who) {
  put <- function(method, x) emit(subject, view, measure, paste0(prefix, ".", method), statistic = x,
                                  degrees_of_freedom = 1, p_two_sided = pchisq(x, 1, lower.tail = FALSE))
  who <- as.character(who)
  cell <- function(is) as.numeric(tapply(is, who, sum))
  cells <- if (length(who)) cbind(cell(one & two), cell(one & !two), cell(!one & two), cell(!one & !two))
           else matrix(0, 0, 4)
  K <- nrow(cells)
  emit(subject, view, measure, paste0(prefix, ".n_patients"), estimate = K)
  net <- cells[, 2] - cells[, 3]; size <- rowSums(cells)
  if (K < 2 || all(net == 0)) return(invisible())
  put("obuchowski", (K - 1) / K * sum(net)^2 / sum(net^2))
  put("durkalski", sum(net / size)^2 / sum((net / size)^2))
  around <- net - size * sum(net) / sum(size)
  put("yang", (K - 1) / K * sum(net)^2 / ((sum(around^2) + sum(net^2)) / 2))
  x <- eliasziw(cells); if (!is.na(x)) put("eliasziw", x)
}
eliasziw <- function(cells) {
  discordant <- cells[, 2] + cells[, 3]; K <- nrow(cells); Kd <- sum(discordant > 0)
  size <- rowSums(cells); m <- mean(size)
  if (m <= 1 || Kd < 2) return(NA)
  P <- colSums(cells) / sum(size)
  n0 <- m - sum((size - m)^2) / (K * (K - 1) * m)
  bms <- sum((cells - outer(size, P))^2 / size) / K
  wms <- sum(cells * (size - cells) / size) / (K * (m - 1))
  if (abs(bms + (n0 - 1) * wms) <= ROUNDING) return(NA)
  rho <- (bms - wms) / (bms + (n0 - 1) * wms)
  if (abs(rho) <= ROUNDING) rho <- 0
  else {
    scale <- 1 + (P[2] + P[3]) * (1 - rho) / rho
    if (abs(scale) <= ROUNDING) return(NA)
    rho <- 1 / scale
  }
  s <- discordant[discordant > 0]; md <- sum(s) / Kd
  nd <- md - sum((s - md)^2) / (Kd * (Kd - 1) * md)
  design <- 1 + (nd + Kd * (md - nd) - 1) * rho
  if (design <= ROUNDING) return(NA)
  sum(cells[, 2] - cells[, 3])^2 / sum(discordant) / design
}

# ---------------------------------------------------------------- agreement
emit_kappa <- function(view, measure, method, k, se, q, n, low = -Inf, subject = "readers") {
  if (is.null(se) || is.na(se)) return(emit(subject, view, measure, method, estimate = k, n = n))
  if (se <= ROUNDING) se <- 0
  emit(subject, view, measure, method, estimate = k, standard_error = se,
       lower = max(low, k - q * se), upper = min(1, k + q * se), n = n)
}
tally <- function(ratings, categories) sapply(categories, function(k) rowSums(ratings == k, na.rm = TRUE))
# Gwet 2014, sections 5.3 and 5.4: Fleiss' kappa or AC1 with missing calls, and their variance.
gwet <- function(view, measure, method, counts, chance, subject = "readers") {
  rated <- counts[rowSums(counts) > 0, , drop = FALSE]
  r <- rowSums(rated); several <- r >= 2; n <- nrow(rated)
  if (!any(several)) return(emit(subject, view, measure, method, n = 0))
  rated <- rated[, colSums(rated) > 0, drop = FALSE]; q <- ncol(rated)
  if (q < 2) return(emit(subject, view, measure, method, n = 0))
  by_node <- ifelse(several, rowSums(rated * (rated - 1)) / pmax(r * (r - 1), 1), 0)
  pa <- sum(by_node) / sum(several); share <- colMeans(rated / r)
  if (chance == "fleiss") { pe <- sum(share^2); each <- share }
  else { pe <- sum(share * (1 - share)) / (q - 1); each <- (1 - share) / (q - 1) }
  k <- (pa - pe) / (1 - pe)
  if (n < 2) return(emit(subject, view, measure, method, estimate = k, n = n))
  chance_node <- as.numeric(rated %*% each) / r
  one <- n / sum(several) * ifelse(several, by_node - pe, 0) / (1 - pe) -
    2 * (1 - k) * (chance_node - pe) / (1 - pe)
  se <- sqrt(sum((one - k)^2) / (n * (n - 1)))
  emit_kappa(view, measure, method, k, se, qt((1 + LEVEL) / 2, n - 1), n, subject = subject)
}
fleiss_value <- function(counts, R) {
  used <- sum(colSums(counts) > 0)
  if (!nrow(counts) || used < 2) return(NA)
  p <- colMeans(counts) / R
  (mean(rowSums(counts * (counts - 1)) / (R * (R - 1))) - sum(p^2)) / (1 - sum(p^2))
}
jackknife <- function(view, method, counts, R, who) {
  groups <- unique(who); G <- length(groups); k <- if (R > 1) fleiss_value(counts, R) else NA
  if (G < 2 || is.na(k)) return(emit("readers", view, "fleiss_kappa", method, estimate = k, n = G))
  without <- vapply(groups, function(g) fleiss_value(counts[who != g, , drop = FALSE], R), 0)
  if (anyNA(without)) return(emit("readers", view, "fleiss_kappa", method, estimate = k, n = G))
  se <- sqrt((G - 1) / G * sum((without - mean(without))^2))
  emit_kappa(view, "fleiss_kappa", method, k, se, qt((1 + LEVEL) / 2, G - 1), G)
}
fleiss <- function(view, ratings, categories, who) {
  put <- function(method, ...) emit("readers", view, "fleiss_kappa", method, ...)
  R <- ncol(ratings); all <- tally(ratings, categories)
  all <- matrix(all, nrow(ratings)); full <- rowSums(all) == R
  counts <- all[full, , drop = FALSE]; n <- nrow(counts)
  put("n_nodes", estimate = nrow(all)); put("n_complete", estimate = n)
  put("n_incomplete", estimate = nrow(all) - n); put("n_readers", estimate = R)
  if (n > 0) {
    p <- colMeans(counts) / R
    for (j in seq_along(p)) put(paste0("proportions.", j - 1), estimate = p[j])
    if (R > 1) {
      put("observed_agreement", estimate = mean(rowSums(counts * (counts - 1)) / (R * (R - 1))))
      put("chance_agreement", estimate = sum(p^2))
      put("per_category_se_null", estimate = sqrt(2 / (n * R * (R - 1))))
      for (j in seq_along(p)) if (p[j] > 0 && p[j] < 1)
        put(paste0("per_category.", j - 1), estimate = 1 - sum(counts[, j] * (R - counts[, j])) /
              (n * R * (R - 1) * p[j] * (1 - p[j])))
    }
    k <- if (R > 1) fleiss_value(counts, R) else NA
    if (!is.na(k)) {
      if (HAS_IRR) k <- irr::kappam.fleiss(ratings[full, , drop = FALSE])$value
      pq <- sum(p * (1 - p))
      se <- sqrt(2 * max(0, pq^2 - sum(p * (1 - p) * (1 - 2 * p))) / (n * R * (R - 1))) / pq
      put("kappa", estimate = k); put("se_null", estimate = se)
      if (se > 0) put("test", statistic = k / se, p_two_sided = 2 * pnorm(-abs(k / se)))
    }
  }
  gwet(view, "fleiss_kappa", "gwet", counts, "fleiss")
  gwet(view, "fleiss_kappa", "available", all, "fleiss")
  jackknife(view, "jackknife_node", counts, R, seq_len(n))
  jackknife(view, "jackknife_patient", counts, R, who[full])
}
krippendorff <- function(view, counts, kind) {
  u <- counts[rowSums(counts) >= 2, , drop = FALSE]; n <- nrow(u); r <- rowSums(u)
  put <- function(...) emit("readers", view, "krippendorff_alpha", kind, ...)
  if (n == 0) return(put(n = 0))
  o <- t(u / (r - 1)) %*% u - diag(colSums(u / (r - 1)), ncol(u)); margin <- colSums(o)
  if (sum(margin > 0) < 2) return(put(n = n))
  middle <- cumsum(margin) - margin / 2
  d <- if (kind == "nominal") 1 - diag(length(margin)) else outer(middle, middle, `-`)^2
  alpha <- 1 - sum(o * d) / (sum(outer(margin, margin) * d) / (sum(margin) - 1))
  if (kind != "nominal" || n < 2) return(put(estimate = alpha, n = n))
  rbar <- mean(r); away <- (r - rbar) / rbar; share <- colMeans(u) / rbar; pe <- sum(share^2)
  agree <- rowSums(u * (u - 1)) / (rbar * (r - 1)); pa <- mean(agree); eps <- 1 / sum(r)
  k <- (pa - pe) / (1 - pe)
  direct <- (agree - ((1 - eps) * pa + eps) * away - pe) / (1 - pe)
  by_node <- as.numeric(u %*% share) / rbar - pe * away
  one <- direct - 2 * (1 - k) * (by_node - pe) / (1 - pe)
  emit_kappa(view, "krippendorff_alpha", kind, alpha, sqrt(sum((one - k)^2) / (n * (n - 1))),
             qt((1 + LEVEL) / 2, n - 1), n)
}
# Cohen's kappa of two columns with weights of agreement; Fleiss, Cohen and Everitt 1969, equation 13.
weighted_kappa <- function(subject, view, method, both, categories, w) {
  n <- nrow(both); put <- function(...) emit(subject, view, "cohen_kappa", method, ...)
  if (n == 0) { put(n = 0); return(NULL) }
  t <- unclass(table(factor(both[, 1], categories), factor(both[, 2], categories))) / n
  row <- rowSums(t); col <- colSums(t); po <- sum(w * t); pe <- sum(w * outer(row, col))
  if (1 - pe <= ROUNDING) { put(n = n); return(NULL) }
  k <- if (HAS_IRR && all(w == diag(nrow(w)))) irr::kappa2(both)$value else (po - pe) / (1 - pe)
  mean_w <- outer(as.numeric(w %*% col), as.numeric(base::t(w) %*% row), `+`)
  v <- (sum(t * (w - mean_w * (1 - k))^2) - (k - pe * (1 - k))^2) / (n * (1 - pe)^2)
  se <- if (v <= ROUNDING / n) 0 else sqrt(v)
  emit_kappa(view, "cohen_kappa", method, k, se, Z, n, low = -1, subject = subject)
  k
}
cohen <- function(view, ratings, categories) {
  values <- c()
  if (ncol(ratings) > 1) for (pair in utils::combn(ncol(ratings), 2, simplify = FALSE)) {
    subject <- paste(READERS[pair[1]], "and", READERS[pair[2]])
    both <- ratings[rowSums(is.na(ratings[, pair, drop = FALSE])) == 0, pair, drop = FALSE]; n <- nrow(both)
    if (n > 0) emit(subject, view, "percent_agreement", "share of nodes", estimate = mean(both[, 1] == both[, 2]))
    k <- weighted_kappa(subject, view, "fleiss_cohen_everitt", both, categories, diag(length(categories)))
    if (is.null(k)) next
    values <- c(values, k)
  }
  if (length(values)) emit("readers", view, "cohen_kappa", "light_mean", estimate = mean(values))
}
agreement <- function(rows, endpoint) {
  if (!nrow(rows) || !length(READERS)) return(invisible())
  three <- as.matrix(rows[, READERS, drop = FALSE]); dimnames(three) <- NULL
  two <- matrix(as.numeric(is_disease(three, endpoint)), nrow(three))
  for (view in c("three_categories", "binary")) {
    ratings <- if (view == "binary") two else three
    categories <- if (view == "binary") 0:1 else 0:2
    fleiss(view, ratings, categories, rows$who)
    counts <- matrix(tally(ratings, categories), nrow(ratings))
    gwet(view, "gwet_ac1", "gwet", counts, "gwet")
    krippendorff(view, counts, "nominal")
    if (view != "binary") krippendorff(view, counts, "ordinal")
    cohen(view, ratings, categories)
  }
}

# ---------------------------------------------------------------- calibration
calibration <- function(y, x) {
  p <- if (LOGITS) plogis(x) else x
  if (any(p < 0 | p > 1) || !length(p)) return(invisible())
  put <- function(method, ...) emit("model", "probability", "calibration", method, ...)
  put("n", estimate = length(y)); put("n_positive", estimate = sum(y)); put("n_bins", estimate = 10)
  bin <- pmin(floor(p * 10), 9); size <- tapply(y, bin, length)
  mp <- tapply(p, bin, mean); my <- tapply(y, bin, mean); at <- as.character(bin)
  for (j in seq_along(size)) {
    k <- as.numeric(names(size)[j]); name <- paste0("bins.", j - 1, ".")
    put(paste0(name, "lower"), estimate = k / 10); put(paste0(name, "upper"), estimate = (k + 1) / 10)
    put(paste0(name, "mean_prediction"), estimate = mp[[j]])
    proportion("model", "probability", "calibration", sum(y[bin == k]), size[[j]], paste0(name, "observed."))
  }
  error <- abs(my - mp)
  put("expected_error", estimate = sum(error * size) / sum(size)); put("largest_error", estimate = max(error))
  rate <- mean(y); share <- size / sum(size); apart <- p - as.numeric(mp[at])
  put("brier.score", estimate = mean((p - y)^2)); put("brier.reliability", estimate = sum(share * (mp - my)^2))
  put("brier.resolution", estimate = sum(share * (my - rate)^2)); put("brier.uncertainty", estimate = rate * (1 - rate))
  put("brier.within_variance", estimate = mean(apart^2))
  put("brier.within_covariance", estimate = 2 * mean(apart * (y - as.numeric(my[at]))))
  v <- sum((1 - 2 * p)^2 * p * (1 - p))
  if (v > ROUNDING^2) {
    z <- sum((y - p) * (1 - 2 * p)) / sqrt(v)
    put("spiegelhalter", statistic = z, p_two_sided = 2 * pnorm(-abs(z)))
  }
  for (name in c("slope", "intercept", "in_the_large")) put(name, n = length(y))
  if (sum(y) == 0 || all(y == 1) || any(p == 0 | p == 1)) return(invisible())
  # Thrice, from where it ended: glm stops when the deviance does, and then its weights are of a step before.
  fit <- function(formula) {
    start <- NULL
    for (i in 1:3) {
      model <- suppressWarnings(stats::glm(formula, family = stats::binomial(), start = start,
                                           control = stats::glm.control(epsilon = 1e-14, maxit = 200)))
      start <- stats::coef(model)
    }
    model
  }
  line <- function(name, b, se) put(name, estimate = b, standard_error = se, lower = b - Z * se,
                                    upper = b + Z * se, n = length(y))
  l <- qlogis(p)
  large <- summary(fit(y ~ 1 + offset(l)))$coefficients; line("in_the_large", large[1, 1], large[1, 2])
  separated <- min(p[y == 1]) >= max(p[y == 0]) || max(p[y == 1]) <= min(p[y == 0])
  if (separated || max(p) == min(p)) return(invisible())
  both <- summary(fit(y ~ l))$coefficients
  line("intercept", both[1, 1], both[1, 2]); line("slope", both[2, 1], both[2, 2])
}

# ---------------------------------------------------------------- blocks of the report
compare_readers <- function(all, endpoint, cuts) for (reader in READERS) {
  subject <- paste("model minus", reader); used <- common(all, c("model", reader)); y <- used$label
  sides_of(subject, all, used, c("model", reader))
  for (view in VIEWS) {
    with <- seen(used, reader, view, endpoint)
    if (view == "confidence" && !nrow(with)) next
    curves <- list(model = with$score, reader = value(with, reader, view, endpoint))
    contrast(subject, view, "auc_difference", curves, c(1, -1), with$label, with$who,
             c("delong", "patient_clustered"))
    paired_by_proc(subject, view, curves, with$label)
  }
  called <- value(used, reader, "binary", endpoint) == 1
  for (name in names(cuts)) {
    model <- model_calls(used$score, cuts[[name]])
    for (measure in c("sensitivity", "specificity")) {
      of <- y == (measure == "sensitivity")
      one <- (model == (y == 1))[of]; two <- (called == (y == 1))[of]
      view <- paste("binary at", name); measure <- paste0(measure, "_difference")
      mcnemar(subject, view, measure, "mcnemar", one, two)
      clustered_mcnemar(subject, view, measure, "patient_clustered", one, two, used$who[of])
    }
  }
}
# Model minus mean reader among one class: nodes, patients or readers as the sample.
mean_difference <- function(view, measure, name, d, units, n_units) {
  put <- function(method, ...) emit("model minus reader mean", view, measure, method, ...)
  n <- length(d); estimate <- if (n) mean(d) else NA
  if (n_units < 2) return(put(name, estimate = estimate, n = n_units))
  sums <- tapply(d - mean(d), as.character(units), sum)
  v <- n_units / (n_units - 1) * sum(sums^2) / n^2
  if (v <= ROUNDING^2) return(put(name, estimate = estimate, n = n_units))
  se <- sqrt(v); t <- estimate / se
  put(name, estimate = estimate, standard_error = se, lower = estimate - Z * se, upper = estimate + Z * se,
      n = n_units)
  put(paste0(name, ".normal"), statistic = t, p_two_sided = 2 * pnorm(-abs(t)))
  put(paste0(name, ".t"), statistic = t, degrees_of_freedom = n_units - 1,
      p_two_sided = 2 * pt(-abs(t), n_units - 1))
}
model_against_mean <- function(view, measure, model, readers, who) {
  subject <- "model minus reader mean"; n <- length(model); J <- ncol(readers)
  put <- function(method, ...) emit(subject, view, measure, method, ...)
  proportion(subject, view, measure, sum(model), n, "model.")
  share <- if (n) colMeans(readers) else numeric(0)
  for (j in seq_along(share)) put(paste0("reader_values.", j - 1), estimate = share[j])
  d <- model - rowMeans(readers)
  put("reader_mean", estimate = mean(share)); put("difference", estimate = mean(d))
  mean_difference(view, measure, "node_level", d, seq_along(d), n)
  mean_difference(view, measure, "patient_clustered", d, who, length(unique(who)))
  over <- mean(model) - share
  mean_difference(view, measure, "readers_as_sample", over, seq_along(over), length(over))
  psi <- model - readers; ms <- if (n > 1 && J > 1) stats::var(colMeans(psi)) else 0
  if (ms <= ROUNDING^2) put("random_readers", estimate = if (n) mean(psi) else NA)
  else {
    S <- stats::cov(psi) / n; cov2 <- mean(S[row(S) != col(S)])
    spread <- ms + max(J * cov2, 0); se <- sqrt(spread / J); df <- spread^2 / (ms^2 / (J - 1)); t <- mean(psi) / se
    put("random_readers", estimate = mean(psi), standard_error = se, degrees_of_freedom = df, statistic = t,
        p_two_sided = 2 * pt(-abs(t), df))
    put("random_readers.ms_reader", estimate = ms); put("random_readers.cov2", estimate = cov2)
  }
  majority <- 2 * rowSums(readers) > J
  proportion(subject, view, measure, sum(majority), n, "majority_vote.majority.")
  put("majority_vote.model_only", estimate = sum(model & !majority))
  put("majority_vote.majority_only", estimate = sum(!model & majority))
  mcnemar(subject, view, measure, "majority_vote.test", model, majority)
  naive(view, measure, model, readers)
}
naive <- function(view, measure, model, readers) {
  put <- function(method, ...) emit("model minus reader mean", view, measure, paste0("naive.", method), ...)
  t <- rbind(c(sum(model), sum(!model)), c(sum(readers), sum(!readers)))
  if (all(rowSums(t) > 0) && all(colSums(t) > 0)) {
    for (correct in c(FALSE, TRUE)) {
      test <- suppressWarnings(chisq.test(t, correct = correct))
      put(if (correct) "pooled_chi2_yates" else "pooled_chi2", statistic = as.numeric(test$statistic),
          degrees_of_freedom = 1, p_two_sided = test$p.value)
    }
    put("pooled_fisher_p", p_two_sided = fisher.test(t)$p.value)
  }
  votes <- ncol(readers) * model - rowSums(readers)
  if (length(votes) < 2) return(invisible())
  if (all(votes == 0)) return(put("signed_rank_p", p_two_sided = 1))
  put("signed_rank_p", p_two_sided = suppressWarnings(wilcox.test(votes, exact = FALSE, correct = FALSE))$p.value)
}
reader_mean <- function(all, endpoint, with_model, cuts) {
  sides <- c(if (with_model) "model", READERS); used <- common(all, sides); y <- used$label; J <- length(READERS)
  sides_of("reader mean", all, used, sides)
  calls <- unlist(lapply(READERS, function(reader) value(used, reader, "binary", endpoint) == 1))
  calls <- matrix(as.logical(calls), nrow(used), J)
  right <- calls == (y == 1)
  of <- list(sensitivity = y == 1, specificity = y == 0, accuracy = rep(TRUE, length(y)))
  for (name in names(of)) if (any(of[[name]]))
    emit("reader mean", "binary", name, "mean of exact proportions", estimate = mean(right[of[[name]], ]))
  for (name in names(cuts)) for (measure in c("sensitivity", "specificity")) {
    asked <- of[[measure]]; model <- model_calls(used$score, cuts[[name]]) == (y == 1)
    if (with_model) model_against_mean(paste("binary at", name), paste0(measure, "_difference"), model[asked],
                                       right[asked, , drop = FALSE], used$who[asked])
  }
  all_used <- used
  for (view in VIEWS) {
    used <- seen(all_used, READERS, view, endpoint); y <- used$label
    if (view == "confidence" && !nrow(used)) next
    curves <- lapply(stats::setNames(READERS, READERS), function(reader) value(used, reader, view, endpoint))
    contrast("reader mean", view, "auc", curves, rep(1 / J, J), y, used$who,
             c("delong_fixed_readers", "patient_clustered_fixed_readers"))
    random_readers("reader mean", view, "auc", "obuchowski_rockette_random_readers", curves, FALSE, y)
    random_readers("reader mean", view, "auc", "obuchowski_rockette_random_readers_patient_clustered",
                   curves, FALSE, y, used$who)
    if (!with_model) next
    curves <- c(list(model = used$score), curves)
    contrast("model minus reader mean", view, "auc_difference", curves, c(1, rep(-1 / J, J)), y, used$who,
             c("delong_fixed_readers", "patient_clustered_fixed_readers"))
    random_readers("reader mean minus model", view, "auc_difference", "readers_minus_model_random_readers",
                   curves, TRUE, y)
    random_readers("reader mean minus model", view, "auc_difference",
                   "readers_minus_model_random_readers_patient_clustered", curves, TRUE, y, used$who)
  }
}
block <- function(rows, part, unit, endpoint) {
  here <<- list(part = part, unit = unit, endpoint = endpoint)
  all <- endpoint_rows(rows, endpoint); node_counts("all", all)
  truth <- truth_of(rows$truth); benign <- sum(truth %in% 0)
  if (anyNA(truth)) emit("all", "", "nodes", "left_out.reference_standard_missing.n", estimate = sum(is.na(truth)))
  if (endpoint == "ene_among_metastatic" && benign)
    emit("all", "", "nodes", "left_out.benign_by_reference_standard.n", estimate = benign)
  agreement(all, endpoint)
  if (CALLS == "complete_all") {
    sides <- c(if (any(!is.na(all$score_ene))) "model", READERS); whole <- all
    all <- common(whole, sides); sides_of("complete", whole, all, sides)
  }
  scored <- common(all, "model"); with_model <- nrow(scored) > 0; cuts <- list()
  if (with_model) {
    sides_of("model", all, scored, "model")
    areas("model", "continuous", scored$label, scored$score, scored$who)
    cuts <- operating_points(scored$label, scored$score, FIXED[[endpoint]])
    calibration(scored$label, scored$score)
  }
  for (reader in READERS) {
    used <- common(all, reader); sides_of(reader, all, used, reader)
    for (view in VIEWS) {
      with <- seen(used, reader, view, endpoint)
      if (view == "confidence" && !nrow(with)) next
      areas(reader, view, with$label, value(with, reader, view, endpoint), with$who)
    }
    counts(reader, "binary", used$label, value(used, reader, "binary", endpoint) == 1)
  }
  if (with_model) compare_readers(all, endpoint, cuts)
  if (length(READERS)) reader_mean(all, endpoint, any(!is.na(all$score_ene)), cuts)
}
confusion <- function(rows) {
  truth <- truth_of(rows$truth); put <- function(method, n) emit("", "", "confusion", method, estimate = n)
  put("undetermined", sum(is.na(truth)))
  calls <- rows[READERS]
  if (length(FIXED$metastasis) && length(FIXED$ene)) {
    known <- !is.na(rows$score_metastasis) & !is.na(rows$score_ene)
    category <- ifelse(model_calls(rows$score_metastasis, FIXED$metastasis),
                       ifelse(model_calls(rows$score_ene, FIXED$ene), 2, 1), 0)
    calls$model <- ifelse(known, category, NA)
  }
  for (side in names(calls)) {
    put(paste0("missing.", side), sum(!is.na(truth) & is.na(calls[[side]])))
    for (one in 0:2) for (two in 0:2)
      put(sprintf("sides.%s.%d.%d", side, one, two), sum(truth %in% one & calls[[side]] %in% two))
  }
}
# The patient as the unit: the most severe category and the largest score of the patient's nodes. What is
# missing for one node is missing for the patient, unless a node has the most severe category already.
by_patient <- function(rows) {
  severe <- function(x) if (any(x %in% 2) || !anyNA(x)) max(x, na.rm = TRUE) else NA
  largest <- function(x) if (anyNA(x)) NA else max(x)
  groups <- split(rows, factor(rows$who, unique(rows$who)))
  made <- lapply(groups, function(g) {
    one <- g[1, , drop = FALSE]
    g$truth <- truth_of(g$truth)   # the rule for nodes comes before their patient
    for (column in c("truth", READERS)) one[[column]] <- severe(g[[column]])
    for (column in c("score_metastasis", "score_ene", CONFIDENCES)) one[[column]] <- largest(g[[column]])
    one
  })
  do.call(rbind, c(made, make.row.names = FALSE))
}

# ---------------------------------------------------------------- the parts of the study
# A text that a spreadsheet would take for a formula has an apostrophe before it in the files.
bare <- function(x) if (any(startsWith(x, "'"))) sub("^'([-=+@\t\r])", "\\1", x) else x
read <- function(name) {
  found <- utils::read.csv(file.path(FOLDER, name), colClasses = "character", check.names = FALSE,
                           na.strings = character(0), encoding = "UTF-8")
  names(found) <- bare(names(found)); found[] <- lapply(found, bare); found
}
number <- function(x) suppressWarnings(as.numeric(ifelse(x == "", NA, x)))
data <- read("dataset.csv")
CONFIDENCES <- grep("^confidence_(metastasis|ene)_", names(data), value = TRUE)
for (column in c("truth", READERS, "score_metastasis", "score_ene", CONFIDENCES))
  data[[column]] <- number(data[[column]])
data$who <- paste(data$cohort, data$patient, sep = "\r")   # the same name in two cohorts is two patients

COLUMNS <- c(sad = "short_axis_mm", level = "level", age = "age_years", sex = "sex",
             primary_site = "primary_site", scanner = "scanner", slice_thickness = "slice_thickness_mm")
# A band is written as "< 10 mm", "10 to < 20 mm" or ">= 20 mm" (with the sign for at least); else a value.
in_band <- function(x, band) {
  edges <- number(regmatches(band, gregexpr("[0-9.]+", band))[[1]])
  if (startsWith(band, "<")) return(x < edges[1])
  if (grepl(" to < ", band, fixed = TRUE)) return(x >= edges[1] & x < edges[2])
  x >= edges[1]
}
rows_of <- function(part) {
  if (part$kind == "pooled") return(data)
  if (part$kind == "cohort") return(data[data$cohort == part$name, , drop = FALSE])
  column <- COLUMNS[part$variable]
  if (is.na(column) || !column %in% names(data)) return(NULL)
  x <- data[[column]]
  if (part$value == "not known") return(data[x == "", , drop = FALSE])
  keep <- if (part$banded) in_band(number(x), part$value) else x == part$value
  data[keep %in% TRUE, , drop = FALSE]
}
for (part in PARTS) {
  rows <- rows_of(part)
  if (is.null(rows)) next
  here <- list(part = part$key, unit = "node", endpoint = "")
  emit("all", "", "nodes", "n_nodes", estimate = nrow(rows))
  emit("all", "", "nodes", "n_patients", estimate = length(unique(rows$who)))
  confusion(rows)
  for (endpoint in ENDPOINTS) {
    block(rows, part$key, "node", endpoint)
    if (part$kind != "subgroup" && PATIENT_LEVEL) block(by_patient(rows), part$key, "patient", endpoint)
  }
}

# ---------------------------------------------------------------- cohorts against each other (Welch, as pROC)
for (endpoint in ENDPOINTS) {
  here <- list(part = "study", unit = "node", endpoint = endpoint)
  areas_of <- list()
  for (name in sort(unique(data$cohort), method = "radix")) {
    rows <- common(endpoint_rows(data[data$cohort == name, , drop = FALSE], endpoint), "model")
    if (!nrow(rows)) next
    p <- placements(rows$label, rows$score)
    areas_of[[name]] <- list(y = rows$label, x = rows$score, a = if (is.null(p)) NA else p$auc,
                             v = if (is.null(p)) NA else delong_variance(list(p), 1))
  }
  if (length(areas_of) > 1) for (pair in utils::combn(names(areas_of), 2, simplify = FALSE)) {
    one <- areas_of[[pair[1]]]; two <- areas_of[[pair[2]]]; subject <- paste(pair[1], "minus", pair[2])
    y <- c(one$y, two$y); v <- one$v + two$v
    if (is.na(one$a - two$a)) { emit(subject, "continuous", "auc_difference", "delong", n = length(y), n_positive = sum(y)); next }
    emit_contrast(subject, "continuous", "auc_difference", "delong", one$a - two$a, v, y)
    if (is.na(v) || v == 0) next
    df <- v^2 / (one$v^2 / (length(one$y) - 1) + two$v^2 / (length(two$y) - 1)); t <- (one$a - two$a) / sqrt(v)
    p <- 2 * pt(-abs(t), df)
    if (HAS_PROC) {
      roc <- function(o) pROC::roc(o$y, o$x, levels = c(0, 1), direction = "<", quiet = TRUE)
      test <- pROC::roc.test(roc(one), roc(two), paired = FALSE, method = "delong")
      t <- as.numeric(test$statistic); df <- as.numeric(test$parameter); p <- test$p.value
    }
    emit(subject, "continuous", "auc_difference", "welch", statistic = t, degrees_of_freedom = df, p_two_sided = p)
  }
}

# ---------------------------------------------------------------- the planned comparison, from R's numbers
collected <- function() {
  rows <- mget(sprintf("%09d", seq_len(found$n)), envir = found$rows)
  keys <- unlist(lapply(rows, `[[`, "key"), use.names = FALSE)
  values <- unlist(lapply(rows, `[[`, "value"), use.names = FALSE)
  last <- !duplicated(keys, fromLast = TRUE)
  stats::setNames(values[last], keys[last])
}
planned <- function(part, known) {
  here <<- list(part = part, unit = "node", endpoint = PRIMARY$endpoint)
  each <- PRIMARY$comparison == "model_vs_each_reader"; turned <- PRIMARY$test == "random_readers"
  method <- if (each) PRIMARY$test else c(delong = "delong_fixed_readers",
    patient_clustered = "patient_clustered_fixed_readers",
    random_readers = "readers_minus_model_random_readers")[[PRIMARY$test]]
  subjects <- if (each) paste("model minus", READERS) else "model minus reader mean"
  tested <- stats::setNames(rep(NA_real_, length(subjects)), subjects)
  for (subject in subjects) {
    from <- if (turned) "reader mean minus model" else subject
    got <- function(q) unname(known[paste(part, "node", PRIMARY$endpoint, from, PRIMARY$view, "auc_difference",
                                          method, q, sep = "\r")])
    sign <- if (turned) -1 else 1
    limits <- sort(sign * c(got("lower"), got("upper")), na.last = TRUE)
    estimate <- sign * got("estimate"); se <- got("standard_error"); df <- got("degrees_of_freedom")
    p <- got("p_two_sided"); name <- PRIMARY$test
    put <- function(m, ...) emit(subject, PRIMARY$view, "primary_difference", m, ...)
    put(name, estimate = estimate, standard_error = se, degrees_of_freedom = df, lower = limits[1],
        upper = limits[2], p_two_sided = p, n = got("n"))
    if (PRIMARY$hypothesis == "non_inferiority") {
      half <- (1 - LEVEL) / 2; z <- (estimate + PRIMARY$margin) / se; p <- NA; m <- paste0(name, ".non_inferiority")
      put(paste0(m, ".margin"), estimate = PRIMARY$margin); put(paste0(m, ".alpha"), estimate = half)
      put(m, estimate = estimate)
      if (!is.na(se) && se > 0) {
        if (is.na(df)) df <- Inf
        p <- pt(z, df, lower.tail = FALSE)
        put(paste0(m, ".statistic"), estimate = z); put(paste0(m, ".p"), p_two_sided = p)
        put(paste0(m, ".lower_limit"), estimate = estimate - qt(1 - half, df) * se)
      }
    }
    tested[subject] <- p
    put(paste0(name, ".tested_p"), p_two_sided = p)
  }
  family <- ifelse(is.na(tested), 1, tested)   # an undefined test never helps the others
  adjusted <- if (PRIMARY$multiplicity == "none") family else p.adjust(family, PRIMARY$multiplicity)
  for (subject in subjects) if (!is.na(tested[subject]))
    emit(subject, PRIMARY$view, "primary_difference", paste0(PRIMARY$test, ".adjusted_p"),
         p_two_sided = adjusted[[subject]])
}
if (length(PRIMARY)) {
  known <- collected()
  for (part in PARTS) if (part$kind != "subgroup") planned(part$key, known)
}

#@DESCRIPTION@
# ---------------------------------------------------------------- ours against R's
reason_of <- function(line) {
  absent <- Filter(function(name) !in_folder(name), file_of(line))
  if (length(absent)) return(paste(absent[1], "is not in the folder"))
  kinds <- vapply(PARTS, function(part) part$kind, ""); names(kinds) <- vapply(PARTS, `[[`, "", "key")
  if (kinds[line$part] %in% "subgroup")
    return("dataset.csv has no column for the variable of this subgroup")
  for (rule in REASONS) if (grepl(rule[1], line$measure) && grepl(rule[2], line$method)) return(rule[3])
  "this script has no formula for it"
}
ours <- read("results.csv")
KEYS <- c("part", "unit", "endpoint", "subject", "view", "measure", "method")
long <- do.call(rbind, lapply(QUANTITIES, function(q) {
  filled <- ours[ours[[q]] != "", , drop = FALSE]
  if (!nrow(filled)) return(NULL)
  cbind(filled[, KEYS], quantity = q, ours = number(filled[[q]]), stringsAsFactors = FALSE)
}))
key <- function(frame) do.call(paste, c(frame[c(KEYS, "quantity")], sep = "\r"))
all_of_r <- collected(); keys <- names(all_of_r); values <- unname(all_of_r)

table <- long; table$R <- values[match(key(long), keys)]
# What R defines although results.csv has the line and leaves the number empty is a difference, too.
lines_of_ours <- do.call(paste, c(ours[KEYS], sep = "\r"))
extra <- setdiff(keys, key(long)); parts <- strsplit(extra, "\r", fixed = TRUE)
same_line <- vapply(parts, function(p) paste(p[1:7], collapse = "\r") %in% lines_of_ours, TRUE)
if (any(same_line)) {
  more <- as.data.frame(do.call(rbind, parts[same_line]), stringsAsFactors = FALSE)
  names(more) <- c(KEYS, "quantity")
  table <- rbind(table, cbind(more, ours = NA, R = values[match(extra[same_line], keys)]))
}
is_p <- table$quantity == "p_two_sided"
table$difference <- abs(table$ours - table$R)
table$tolerance <- ifelse(is_p, RELATIVE_P * abs(table$R), pmax(ABSOLUTE, RELATIVE * abs(table$R)))
table$ok <- ifelse(is.na(table$R), "not recomputed",
                   ifelse(!is.na(table$difference) & table$difference <= table$tolerance, "yes", "NO"))
table$reason <- ""
missing <- which(table$ok == "not recomputed")
for (i in missing) table$reason[i] <- reason_of(table[i, ])
bad <- table[table$ok == "NO", , drop = FALSE]
utils::write.csv(table, file.path(FOLDER, "differences.csv"), row.names = FALSE, na = "")

done <- table[table$ok != "not recomputed", , drop = FALSE]
if (nrow(done)) {
  say("\nLargest relative difference by measure and quantity:")
  small <- ifelse(done$quantity == "p_two_sided", 1e-300, ABSOLUTE / RELATIVE)
  done$relative <- done$difference / pmax(abs(done$R), small)
  done$relative[done$difference %in% 0] <- 0
  worst <- stats::aggregate(relative ~ measure + quantity, done, function(x) c(length(x), max(x)))
  worst <- data.frame(measure = worst$measure, quantity = worst$quantity, numbers = worst$relative[, 1],
                      largest = format(worst$relative[, 2], digits = 2))
  print(worst, row.names = FALSE)
}
if (length(missing)) {
  say("\nNot recomputed (every one is listed in differences.csv):")
  groups <- stats::aggregate(list(numbers = missing), table[missing, c("measure", "reason")], length)
  print(groups, row.names = FALSE, right = FALSE)
}
if (nrow(bad)) {
  say("\nDIFFERENCES above tolerance:")
  print(utils::head(bad[, c(KEYS, "quantity", "ours", "R", "difference", "tolerance")], 50), row.names = FALSE)
}
same <- sum(table$ok == "yes")
say("\n%d numbers agree, %d differ, %d not recomputed.", same, nrow(bad), length(missing))
quit(status = if (nrow(bad) > 0 || same == 0) 1 else 0)
