import { Anchor, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import classes from "@/features/overview/overview.module.css";
import type { Point } from "@/features/overview/runs";
import { StatusBadge } from "@/parts/StatusBadge";
import { Bytes, Took, When } from "@/parts/Values";

/** What the charts draw, to be read. */
export function RunTable({ points, timeZone }: { points: readonly Point[]; timeZone: string }) {
  const { t } = useTranslation("overview");
  return (
    <Table.ScrollContainer
      minWidth={560}
      maxHeight={420}
      scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": t("chart.table") } }}
    >
      <Table stickyHeader aria-label={t("chart.table")} verticalSpacing={6} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("chart.time")}</Table.Th>
            <Table.Th scope="col">{t("chart.status")}</Table.Th>
            <Table.Th scope="col" ta="end">
              {t("chart.captured")}
            </Table.Th>
            <Table.Th scope="col" ta="end">
              {t("chart.addedShort")}
            </Table.Th>
            <Table.Th scope="col" ta="end">
              {t("chart.duration")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.toReversed().map((point) => (
            <Table.Tr key={point.id}>
              <Table.Th scope="row" fw={400} style={{ whiteSpace: "nowrap" }}>
                <Anchor component={Link} href={`/backups/${point.id}`} size="sm">
                  <When at={new Date(point.at).toISOString()} as="short" timeZone={timeZone} />
                </Anchor>
              </Table.Th>
              <Table.Td className={classes.status}>
                <StatusBadge status={point.status} />
              </Table.Td>
              <Table.Td ta="end">
                {point.captured !== null && <Bytes value={point.captured} />}
              </Table.Td>
              <Table.Td ta="end">{point.added !== null && <Bytes value={point.added} />}</Table.Td>
              <Table.Td ta="end">
                {point.seconds !== null && <Took seconds={point.seconds} />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
